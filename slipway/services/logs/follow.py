"""
The programs' logs as one stream: what `docker logs`, `slipway logs` and `logtail.sh` show.

    sshd        | 2024-11-24T13:17:02Z Server listening on 0.0.0.0 port 22.
    supervisord | 2024-11-24 13:17:05,004 INFO success: sshd entered RUNNING state

The program's name, then the time (UTC), then the line as it is, byte for byte. The time is when
the file was last written as we read it: now for a line followed live, never later than the truth
for one written while nobody looked. A line that begins with a date gets no second one.

A position in a log is an inode, an offset, and the bytes before that offset (the mark): a file
that was truncated, or that got a dead file's inode, doesn't have them. Nothing is held in memory
between two looks: a line without its end stays in the file and is read again.
"""

# This module is most of a process that lives as long as the container: it imports little
# (neither pathlib nor typing, 1 MB resident each).
from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import stat
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from types import FrameType

    Directory = str | os.PathLike[str]
    Generation = tuple[int, int, int]  # index (0 is NAME.log, 1 is NAME.log.1), inode, mtime_ns

CHUNK = 64 * 1024  # bytes read at once; a line longer than that is written in pieces
TURN = 16  # chunks that one log may write before the others have their turn
PATIENCE = 1.0  # seconds that a line without its end is held back
TICK = 0.5  # seconds between two looks where nothing can tell us of changes
OPEN = 32  # descriptors kept: an open file is still readable after its last name is gone
MARK = 32  # bytes before a position that prove it
GRACE = 0.3  # seconds that a reader has at the end to take what is being written
GAP = 4  # missing generations in a row that end the search for older ones
WIDTH = len("supervisord")
COLOURS = (36, 33, 32, 35, 34, 31)

IN_MODIFY, IN_MOVED_FROM, IN_MOVED_TO, IN_CREATE, IN_DELETE = 0x2, 0x40, 0x80, 0x100, 0x200
IN_Q_OVERFLOW, IN_IGNORED, IN_ONLYDIR = 0x4000, 0x8000, 0x1000000


def programs(directory: Directory) -> list[str]:
    """
    Return the names that have a log.
    """
    try:
        entries = os.listdir(directory)  # noqa: PTH208  # without pathlib
    except FileNotFoundError:
        return []
    return sorted({name for name in map(_program, entries) if name})


def writer(descriptor: int) -> Callable[[bytes], None]:
    """
    Return a `write` for follow and show: everything given, however long the reader takes.
    """

    def write(data: bytes) -> None:
        view = memoryview(data)
        writable = select.poll()
        writable.register(descriptor, select.POLLOUT)
        while view:
            writable.poll()  # somebody may have made the terminal non-blocking
            view = view[os.write(descriptor, view) :]

    return write


def show(
    directory: Directory,
    write: Callable[[bytes], object],
    *,
    names: Collection[str] = (),
    lines: int | None = None,
    output: int | None = None,
) -> None:
    """
    Write what the logs hold, one program after the other.

    + lines: how many of each program's last lines; all of them by default
    """
    logs = _Logs(directory, write, names=names, output=output, backlog=lines)
    try:
        logs.discover()
        for name in list(logs.waiting):
            while logs.advance(logs.known[name]):
                pass
            logs.release(logs.known[name])
    except BrokenPipeError:
        pass  # the reader has seen enough
    finally:
        logs.close()


def follow(  # noqa: PLR0913  # each is a choice of the caller's; all but two have defaults
    directory: Directory,
    write: Callable[[bytes], object],
    *,
    offsets: Directory | None = None,
    names: Collection[str] = (),
    backlog: int | None = None,
    output: int | None = None,
    stop: int | None = None,
) -> None:
    """
    Write the logs as they grow, until SIGTERM, SIGINT or the reader's end.

    + offsets: a file to keep the positions in; the next follow with it continues there
    + names: programs to follow, also those that have no log yet; all by default
    + backlog: how many last lines to begin with where no position is known; all by default
    + output: the descriptor behind `write`. A terminal gets colours, and a pipe whose reader
      leaves ends the following even while no program writes.
    + stop: a descriptor that becomes readable to end it; without one, signals do
    """
    logs = _Logs(directory, write, names=names, output=output, backlog=backlog, offsets=offsets)
    wake, signalled = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)

    def end(number: int, _frame: FrameType | None) -> None:
        if number != signal.SIGALRM:
            signal.setitimer(signal.ITIMER_REAL, GRACE, GRACE)
        elif logs.writing:  # to a reader that doesn't read: nothing else would end it
            raise InterruptedError

    before = {}
    if stop is None:
        signal.set_wakeup_fd(signalled, warn_on_full_buffer=False)
        numbers = (signal.SIGTERM, signal.SIGINT, signal.SIGALRM)
        before = {number: signal.signal(number, end) for number in numbers}
    try:
        _follow(logs, wake if stop is None else stop, output)
    except (BrokenPipeError, InterruptedError):
        pass
    finally:
        logs.save()  # while a second signal still can't kill us
        if stop is None:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.set_wakeup_fd(-1)
        for number, handler in before.items():
            signal.signal(number, handler)
        logs.close()
        os.close(wake)
        os.close(signalled)


def _follow(logs: _Logs, stop: int, output: int | None) -> None:
    watch = -1
    poll = select.poll()
    poll.register(stop, select.POLLIN)
    if output is not None:
        poll.register(output, 0)  # only its errors: the reader's end
    try:
        while True:
            if watch < 0:
                watch = _watch(logs.directory)
                if watch >= 0:
                    poll.register(watch, select.POLLIN)
                logs.discover()  # after the watch began: nothing appears unseen between the two
            ready = dict(poll.poll(logs.pause(TICK if watch < 0 else None)))
            if output in ready:
                return
            if watch in ready:
                entries = _changed(watch)
                if entries is None:  # the directory is gone, or its changes were too many
                    poll.unregister(watch)
                    os.close(watch)
                    watch = -1
                    continue
                logs.notice(entries)
            if stop in ready:
                logs.save()  # this last look may find a reader that doesn't read
                logs.look()
                return
            logs.look()
    finally:
        if watch >= 0:
            os.close(watch)


def _watch(directory: str) -> int:
    """
    Return an inotify descriptor for the directory, or -1 where there is none to be had.
    """
    libc = ctypes.CDLL(None)
    watch: int = libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
    if watch < 0:  # EMFILE: 128 a user by default, containers included
        return -1
    mask = IN_MODIFY | IN_MOVED_FROM | IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_ONLYDIR
    if libc.inotify_add_watch(watch, os.fsencode(directory), mask) < 0:
        os.close(watch)
        return -1
    return watch


def _changed(watch: int) -> set[str] | None:
    """
    Return the entries of the directory that changed; None when that can't be told any more.
    """
    events = os.read(watch, CHUNK)
    entries = set()
    at = 0
    while at < len(events):
        mask = int.from_bytes(events[at + 4 : at + 8], "little")
        size = int.from_bytes(events[at + 12 : at + 16], "little")
        if mask & (IN_Q_OVERFLOW | IN_IGNORED):
            return None
        entries.add(os.fsdecode(events[at + 16 : at + 16 + size].rstrip(b"\0")))
        at += 16 + size
    return entries


def _program(entry: str) -> str:
    """
    Return whose log a directory entry is (NAME.log, NAME.log.3); empty when it is no log.
    """
    head, _, index = entry.rpartition(".")
    file = head if index.isdecimal() else entry
    name = file.removesuffix(".log")
    return name if name != file and name.isprintable() else ""


class _Log:
    """
    One program's log: the file that is being read, and how far it has been written out.
    """

    __slots__ = ("behind", "carry", "descriptor", "inode", "mark", "name", "offset", "resume")

    def __init__(self, name: str) -> None:
        self.name = name
        self.descriptor = -1
        self.inode = 0
        self.offset = 0
        self.mark = b""
        self.behind = (0, 0)  # inode and mtime of the file before this one: read to its end
        self.carry = b""  # a line whose beginning is at the end of the file before this one
        self.resume: list[int | str] = []  # where that beginning is

    def position(self) -> list[int | str]:
        return self.resume or [self.inode, self.offset, self.mark.hex(), *self.behind]

    def restart(self, inode: int = 0) -> None:
        self.inode, self.offset, self.mark = inode, 0, b""


class _Logs:
    """
    The logs of a directory, those that may hold something new, and the way out.
    """

    def __init__(  # noqa: PLR0913  # follow's own
        self,
        directory: Directory,
        write: Callable[[bytes], object],
        *,
        names: Collection[str],
        output: int | None,
        backlog: int | None,
        offsets: Directory | None = None,
    ) -> None:
        self.directory = os.fspath(directory)
        self.write = write
        self.writing = False
        self.names = frozenset(names)
        self.colours = output is not None and os.isatty(output)
        self.own = (0, 0) if output is None else os.fstat(output)[1:3]
        self.backlog = backlog
        self.offsets = offsets if offsets is None else os.fspath(offsets)
        self.width = WIDTH
        self.known: dict[str, _Log] = {}
        self.opened: dict[str, _Log] = {}  # least recently used first
        self.waiting: dict[str, None] = {}  # names to look at, in order
        self.due: dict[str, float] = {}  # names to look at again, and when
        self.unsaved = False
        self.saved_at = 0.0
        self.complaint = ""
        self.stamp = (0, b"")
        self._load()

    # What there is to look at

    def discover(self) -> None:
        found = [name for name in programs(self.directory) if self._wanted(name)]
        for name in found:
            log = self._log(name)
            if self.backlog is not None and not log.inode:
                self._rewind(log, self.backlog)
            self.waiting[name] = None
        self.backlog = None  # what appears later is new from its first line
        for name in filter(self._wanted, self.known.keys() - set(found)):
            if self.known[name].descriptor >= 0 or self.known[name].carry:
                self.waiting[name] = None  # deleted, perhaps with something unread
            else:
                del self.known[name]
                self.unsaved = self.offsets is not None

    def notice(self, entries: set[str]) -> None:
        self.waiting.update({name: None for name in map(_program, entries) if self._wanted(name)})

    def pause(self, longest: float | None) -> float | None:
        """
        Return the milliseconds until something is to be done without being told; None: never.
        """
        if self.waiting:
            return 0
        at = list(self.due.values())
        if self.unsaved:
            at.append(self.saved_at + PATIENCE)
        pauses = [max(0.0, min(at) - time.monotonic())] if at else []
        if longest is not None:
            pauses.append(longest)
        return min(pauses) * 1000 + 1 if pauses else None

    def look(self) -> None:
        now = time.monotonic()
        aged = {name for name, at in self.due.items() if at <= now}
        for name in aged:
            del self.due[name]
        names = [*self.waiting, *(aged - self.waiting.keys())]
        self.waiting = {}
        for name in names:
            log = self._log(name)
            more = self.advance(log, aged=name in aged)
            for _ in range(TURN):
                more = more and self.advance(log)
            if more:
                self.waiting[name] = None
        if self.unsaved and time.monotonic() >= self.saved_at + PATIENCE:
            self.save()

    def _wanted(self, name: str) -> bool:
        return bool(name) and (not self.names or name in self.names)

    def _log(self, name: str) -> _Log:
        if name not in self.known:
            self.known[name] = _Log(name)
        self.width = max(self.width, len(name))
        return self.known[name]

    # Reading

    def advance(self, log: _Log, *, aged: bool = False) -> bool:
        """
        Write out the next lines of a log, across its files; returns whether to go on.

        + aged: don't wait for the end of the last line any more
        """
        if log.descriptor < 0 and not self._open(log):
            self.release(log)
            return False
        self.opened[log.name] = self.opened.pop(log.name)
        data = self._read(log)
        end = data.rfind(b"\n") + 1
        if end or len(log.carry) + len(data) >= CHUNK:
            self._emit(log, data[: end or CHUNK])
            return True
        if data or log.carry:
            if aged:
                self._emit(log, data)
                return True
            self.due.setdefault(log.name, time.monotonic() + PATIENCE)
        return self._next(log, data)

    def release(self, log: _Log) -> None:
        """
        Write out what was held back for the end of its line: it won't come any more.
        """
        data = self._read(log) if log.descriptor >= 0 else b""
        if data or log.carry:
            self._emit(log, data)

    def _read(self, log: _Log) -> bytes:
        start = log.offset - len(log.mark)
        data = os.pread(log.descriptor, len(log.mark) + CHUNK, start)
        if not data.startswith(log.mark):  # truncated
            log.restart(log.inode)
            data = os.pread(log.descriptor, CHUNK, 0)
        return data[len(log.mark) :]

    def _open(self, log: _Log) -> bool:
        """
        Open the file to go on in: the one we were in, else the oldest that we haven't read.
        """
        files = list(self._generations(log.name))
        at = next((i for i, (_, inode, _) in enumerate(files) if inode == log.inode), -1)
        if at < 0:
            log.restart()
            read = next((i for i, file in enumerate(files) if file[1:] == log.behind), len(files))
            at = read - 1
        if at < 0:
            return False
        index, inode, _ = files[at]
        try:
            descriptor = self._descriptor(log.name, index)
        except OSError:  # rotated away or deleted meanwhile; or out of descriptors
            self.due.setdefault(log.name, time.monotonic() + TICK)
            return False
        there = os.fstat(descriptor)
        if there[1:3] == self.own:  # what we write would be read again, for ever
            os.close(descriptor)
            return False
        if there.st_ino != inode:  # rotated meanwhile
            os.close(descriptor)
            self.due.setdefault(log.name, time.monotonic())
            return False
        if at + 1 < len(files):
            log.behind = files[at + 1][1:]
        log.inode, log.descriptor = inode, descriptor
        self.opened[log.name] = log
        if len(self.opened) > OPEN:
            self._shut(next(iter(self.opened.values())))
        return True

    def _next(self, log: _Log, data: bytes) -> bool:
        """
        Go on in the next file where this one has been rotated and read to its end.

        + data: a last line without its end, which the next file may hold
        """
        newer = list(self._generations(log.name, log.inode))
        if not newer or newer[-1][1] != log.inode:  # deleted
            self.release(log)
            log.restart()
            self._shut(log)
            return True
        if len(newer) == 1:
            return self._refresh(log, data)
        try:
            descriptor = self._descriptor(log.name, newer[-2][0])
        except OSError:  # rotated away meanwhile; or out of descriptors
            self.due.setdefault(log.name, time.monotonic() + TICK)
            return False
        # The files only ever move to higher numbers: what two looks agree on was so between them.
        again = list(self._generations(log.name, log.inode))
        there = os.fstat(log.descriptor)
        if (
            [file[:2] for file in again] != [file[:2] for file in newer]
            or os.fstat(descriptor).st_ino != newer[-2][1]
            or there.st_size != log.offset + len(data)
        ):
            os.close(descriptor)
            return True
        log.resume = log.position() if data or log.carry else []
        log.carry += data
        log.behind = (log.inode, there.st_mtime_ns)
        os.close(log.descriptor)
        log.restart(newer[-2][1])
        log.descriptor = descriptor
        self.unsaved = self.offsets is not None
        return True

    def _refresh(self, log: _Log, data: bytes) -> bool:
        """
        Open a file again that has grown by its name but not by our descriptor.

        overlayfs does that where the file was in the image and we opened it before its writer.
        """
        end = log.offset + len(data)
        try:
            if os.lstat(self._path(log.name)).st_size <= end:
                return False
            if os.fstat(log.descriptor).st_size > end:  # just now
                return True
            descriptor = self._descriptor(log.name, 0)
        except OSError:
            return False
        there = os.fstat(descriptor)
        if there.st_ino != log.inode or there.st_size <= end:
            os.close(descriptor)
            return there.st_ino != log.inode  # rotated meanwhile
        os.close(log.descriptor)
        log.descriptor = descriptor
        return True

    def _generations(self, name: str, last: int = 0) -> Iterator[Generation]:
        """
        Yield a log's files, the newest first, as far as the one with the inode `last`.

        A symlink is none: /dev/stdout would be followed by what it shows.
        """
        index = missing = 0
        while missing < GAP:
            try:
                there = os.lstat(self._path(name, index))
            except OSError:
                missing += 1
            else:
                missing = 0
                if stat.S_ISREG(there.st_mode):
                    yield index, there.st_ino, there.st_mtime_ns
                    if there.st_ino == last:
                        return
            index += 1

    def _descriptor(self, name: str, index: int) -> int:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        return os.open(self._path(name, index), flags)

    def _path(self, name: str, index: int = 0) -> str:
        return f"{self.directory}/{name}.log" + (f".{index}" if index else "")

    def _shut(self, log: _Log) -> None:
        os.close(log.descriptor)
        log.descriptor = -1
        del self.opened[log.name]

    def close(self) -> None:
        for log in list(self.opened.values()):
            self._shut(log)

    def _rewind(self, log: _Log, lines: int) -> None:
        """
        Go to the beginning of the last lines.
        """
        missing = lines
        newest = True
        for index, inode, _ in list(self._generations(log.name)):
            try:
                descriptor = self._descriptor(log.name, index)
            except OSError:  # rotated away meanwhile
                continue
            end = os.fstat(descriptor).st_size
            while end > 0:
                block = os.pread(descriptor, min(CHUNK, end), max(0, end - CHUNK))
                if newest and (block.endswith(b"\n") or not lines):
                    missing += 1  # the newline that ends the last line begins none
                newest = False
                at = len(block)
                while missing and at >= 0:
                    at = block.rfind(b"\n", 0, at)
                    missing -= at >= 0
                log.inode, log.offset = inode, max(0, end - CHUNK) + at + 1
                if not missing:
                    break
                end -= len(block)
            log.mark = os.pread(descriptor, min(MARK, log.offset), max(0, log.offset - MARK))
            os.close(descriptor)
            if not missing:
                return

    # Writing

    def _emit(self, log: _Log, data: bytes) -> None:
        lines = (log.carry + data).split(b"\n")
        if not lines[-1]:
            lines.pop()
        name, moment = self._prefix(log)
        text = b"".join(
            # 2024-11-24T13:... or 2024-11-24 13:...
            (name if line[4:14:3] in (b"--T:", b"-- :") and line[:4].isdigit() else moment)
            + line
            + b"\n"
            for line in lines
        )
        self.writing = True
        try:
            self.write(text)
        finally:
            self.writing = False
        log.offset += len(data)
        log.mark = (log.mark + data)[-MARK:]
        log.carry = b""
        log.resume = []
        self.due.pop(log.name, None)
        self.unsaved = self.offsets is not None

    def _prefix(self, log: _Log) -> tuple[bytes, bytes]:
        """
        Return what goes before a line that has a time of its own, and before one that hasn't.
        """
        now = int(time.time())
        if log.descriptor >= 0:
            now = min(now, int(os.fstat(log.descriptor).st_mtime))
        if self.stamp[0] != now:
            text = time.strftime("%Y-%m-%dT%H:%M:%SZ ", time.gmtime(now))
            self.stamp = (now, text.encode())
        name = f"{log.name:{self.width}} |"
        if self.colours:
            name = f"\033[{COLOURS[sum(log.name.encode()) % len(COLOURS)]}m{name}\033[0m"
        prefix = name.encode() + b" "
        return prefix, prefix + self.stamp[1]

    # Positions

    def _load(self) -> None:
        if self.offsets is None:
            return
        try:
            with open(self.offsets, "rb") as stream:  # noqa: PTH123  # without pathlib
                saved = json.loads(stream.read())
            for name, (inode, offset, mark, *behind) in saved.items():
                log = self.known[name] = _Log(name)
                log.inode, log.mark = int(inode), bytes.fromhex(mark)
                log.offset = max(int(offset), len(log.mark))
                log.behind = (int(behind[0]), int(behind[1]))
        except (OSError, ValueError, TypeError, AttributeError, IndexError):
            self.known.clear()  # none, or not ours: as at the first start
        else:
            self.backlog = None

    def save(self) -> None:
        """
        Keep the positions for the next follow: whole, and at most once a second.
        """
        self.saved_at = time.monotonic()
        if self.offsets is None or not self.unsaved:
            return
        positions = {
            name: log.position() for name, log in self.known.items() if log.inode or log.behind[0]
        }
        draft = f"{self.offsets}.tmp"
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            descriptor = os.open(draft, flags, 0o600)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(json.dumps(positions).encode())
                stream.flush()
                os.fsync(descriptor)
            os.replace(draft, self.offsets)  # noqa: PTH105  # without pathlib
        except OSError as error:  # a full disk must not end the logs that tell of it
            complaint = f"slipway: warning: positions in the logs not saved: {error.strerror}"
            if complaint != self.complaint:
                self.complaint = complaint
                os.write(2, complaint.encode() + b"\n")
        else:
            self.unsaved = False
            self.complaint = ""
