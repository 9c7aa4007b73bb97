"""
The logs of a directory, read in turns and written as one stream.
"""

from __future__ import annotations

import time

from slipway.services.logs.agenda import TICK, Agenda
from slipway.services.logs.directory import Directory, program, programs
from slipway.services.logs.log_file import CHUNK, LogFile, MovedError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

    from slipway.services.logs.lines import Lines
    from slipway.services.logs.positions import Positions

TURN = 16  # chunks that one log may write before the others have their turn
PATIENCE = 1.0  # seconds that a line without its end is held back
OPEN = 32  # descriptors kept: an open file is still readable after its last name is gone


class Stream:
    """
    The logs that are known, those that are open, and what is to be done with each.

    + names: programs to follow; all by default
    + backlog: how many last lines to begin with where no position is known; all by default
    """

    def __init__(
        self,
        directory: Directory,
        lines: Lines,
        positions: Positions,
        *,
        names: Collection[str] = (),
        backlog: int | None = None,
    ) -> None:
        self.directory = directory
        self.lines = lines
        self.positions = positions
        self.names = frozenset(names)
        self.agenda = Agenda()
        self.opened: dict[str, LogFile] = {}  # least recently used first
        saved = positions.load()
        self.known = {name: LogFile(directory, name, at) for name, at in (saved or {}).items()}
        self.backlog = backlog if saved is None else None
        self.is_watching = False

    # What there is to look at

    def discover(self) -> None:
        """
        Have every log of the directory looked at, and forget those that are gone.
        """
        found = [name for name in programs(self.directory.path) if self._wanted(name)]
        for name in found:
            log = self._log(name)
            if self.backlog is not None and not log.inode:
                log.rewind(self.backlog)
            self.agenda.now(name)
        self.backlog, self.is_watching = None, True  # what appears later is new from its first line
        for name in filter(self._wanted, self.known.keys() - set(found)):
            if self.known[name].descriptor >= 0 or self.known[name].carry:
                self.agenda.now(name)  # deleted, perhaps with something unread
            else:
                del self.known[name]
                self.positions.changed()

    def notice(self, entries: set[str]) -> None:
        """
        Have the logs looked at whose files changed.
        """
        for name in filter(self._wanted, map(program, entries)):
            self.agenda.now(name)

    def pause(self, longest: float | None) -> float | None:
        """
        Return the milliseconds until something is to be done without being told; None: never.
        """
        return self.agenda.pause(longest=longest, other=self.positions.due())

    def look(self) -> None:
        """
        Write out what is new, a turn of each log that is to be looked at.
        """
        for name, aged in self.agenda.take().items():
            log = self._log(name)
            more = self._advance(log, aged=aged)
            for _ in range(TURN):
                more = more and self._advance(log)
            if more:
                self.agenda.now(name)
        due = self.positions.due()
        if due is not None and time.monotonic() >= due:
            self.save()

    def drain(self) -> None:
        """
        Write out all that is there, one log after the other.
        """
        for name in self.agenda.take():
            log = self._log(name)
            while self._advance(log):
                pass
            self._release(log)

    def save(self) -> None:
        """
        Keep the positions for the next follow.
        """
        self.positions.save({name: log.position() for name, log in self.known.items()})

    def close(self) -> None:
        """
        Give back every descriptor.
        """
        for log in list(self.opened.values()):
            self._close(log)

    def _wanted(self, name: str) -> bool:
        return bool(name) and (not self.names or name in self.names)

    def _log(self, name: str) -> LogFile:
        if name not in self.known:
            self.known[name] = LogFile(self.directory, name, is_live=self.is_watching)
        self.lines.widen(name)
        return self.known[name]

    # One log

    def _advance(self, log: LogFile, *, aged: bool = False) -> bool:
        """
        Write out the next lines of a log, across its files; returns whether to go on.

        + aged: don't wait for the end of the last line any more
        """
        if not self._open(log):
            self._release(log)
            return False
        data = log.read()
        end = data.rfind(b"\n") + 1
        if end or len(log.carry) + len(data) >= CHUNK:
            self._emit(log, data[: end or CHUNK])
            return True
        if data or log.carry:
            if aged:
                self._emit(log, data)
                return True
            self.agenda.later(log.name, PATIENCE)
        return self._next(log, data)

    def _next(self, log: LogFile, data: bytes) -> bool:
        """
        Go on where a file has been read to its end: in the next one, if there is one.
        """
        newer = log.newer()
        if not newer:  # deleted
            self._release(log)
            log.restart()
            self._close(log)
            return True
        if len(newer) == 1:
            more = log.refresh(data)
            log.is_live = log.is_live or not (more or data or log.carry)
            return more
        try:
            stepped = log.step(newer, data)
        except OSError:  # rotated away meanwhile; or out of descriptors
            self.agenda.later(log.name, TICK)
            return False
        if stepped:
            self.positions.changed()
        return True

    def _release(self, log: LogFile) -> None:
        """
        Write out what was held back for the end of its line: it won't come any more.
        """
        data = log.read() if log.descriptor >= 0 else b""
        if data or log.carry:
            self._emit(log, data)

    def _emit(self, log: LogFile, data: bytes) -> None:
        self.lines.put(log.name, log.carry + data, second=log.second())
        log.passed(data)
        self.agenda.settled(log.name)
        self.positions.changed()

    def _open(self, log: LogFile) -> bool:
        """
        Open a log where it isn't, and close the one that has rested longest if there are too many.
        """
        try:
            if log.descriptor < 0 and not log.open():
                return False
        except MovedError:
            self.agenda.later(log.name, 0)
            return False
        except OSError:  # rotated away or deleted meanwhile; or out of descriptors
            self.agenda.later(log.name, TICK)
            return False
        self.opened[log.name] = self.opened.pop(log.name, log)
        if len(self.opened) > OPEN:
            self._close(next(iter(self.opened.values())))
        return True

    def _close(self, log: LogFile) -> None:
        log.close()
        del self.opened[log.name]
