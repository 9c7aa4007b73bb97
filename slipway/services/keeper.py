"""
Health's last verdict, kept for HEALTHCHECK while all that it rests on is as it was.

HEALTHCHECK asks every few seconds for as long as a container lives, and a Python for each question
would be nearly all that an idle container costs. `slipway health` is that Python. It is asked once
here, and supervisord's own rounds look at what its verdict rests on, waiting for nothing. Where
anything is different there is no verdict, and who asks has a Python of his own again.

Only `healthy` is kept, and only while nothing moves: what is ill is looked at each time.

The file has one line: supervisord's process, when that began in the kernel's ticks, until when the
line counts in seconds of /proc/uptime, and the words. /usr/local/bin/slipway reads it. A frozen
supervisord renews nothing. After one that is gone the next has begun later, whatever its number is.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from supervisor import events

from slipway.contract import paths
from slipway.environment import gpus
from slipway.services import kept_verdict, log_file, orphans
from slipway.services.kept_verdict import Verdict
from slipway.services.knock import Knock
from slipway.system import atomic, files
from slipway.system.mount_list import MountList

ROUND = 2.0  # seconds between two looks at what the verdict rests on, where no event tells
INTERVAL = 5.0  # seconds until the line is renewed
LIFE = 3 * INTERVAL  # seconds that it counts
BETWEEN_KNOCKS = LIFE  # seconds: each is a process of sshd's, 10 ms of a processor
IDLE = 60.0  # seconds in which nobody has asked for health, and it is left alone
PATIENCE = 10.0  # seconds for health: twice its own bound
ANSWER = 2.0  # seconds for sshd
QUIET = 5.0  # seconds without a change in any program, until health is asked: a start is busy
PAUSE = 5.0  # seconds until health is asked again, where it had no verdict that can be kept
SETTLED = 50_000_000  # nanoseconds: a clock's tick, within which a second change is not seen
_UPTIME = Path("/proc/uptime")


class Keeper:
    """
    Keeps it. supervisord's events tell what becomes of programs; the rest is seen once a round.

    + supervisor: supervisord
    """

    def __init__(self, supervisor: Any, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._options = supervisor.options
        self._groups = supervisor.process_groups
        self._asked: subprocess.Popen[bytes] | None = None
        self._verdict: Verdict | None = None
        self._basis: list[Any] = []
        self._knocks: list[Knock] = []
        self._began = self._renewed = self._knocked = self._looked = 0.0
        self._began_ns = 0
        self._is_void = False  # what health is at was asked before something changed
        self._list = MountList()
        self._mounts = b""  # what the list should stay
        self._since = orphans.began(os.getpid())
        with contextlib.suppress(OSError):  # no place for it: then everybody looks himself
            paths.KEPT.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.doubt()
        for event in (events.ProcessStateEvent, events.ProcessGroupEvent):
            events.subscribe(event, self.doubt)

    def doubt(self, _event: object = None) -> None:
        """Have no verdict until health has been asked again."""
        if self._asked:  # what it looks at is not what is now
            self._asked.kill()
            self._is_void = True
        self._drop()
        self._due = self.clock() + QUIET

    def look(self) -> None:
        """See whether the verdict still holds, and ask for one where there is none."""
        now = self.clock()
        if now - self._looked < ROUND:
            return
        self._looked = now
        if self._asked:
            if now - self._began > PATIENCE:
                self._asked.kill()
        elif self._verdict:
            self._review(self._verdict, now)
        elif now >= self._due and _is_wanted():
            self._ask(now)

    def _review(self, verdict: Verdict, now: float) -> None:
        is_old = now - self._began > verdict.again
        is_silent = not all(each.has_answered for each in self._knocks)
        is_hung = is_silent and now - self._knocked > ANSWER
        is_due = now - self._renewed >= INTERVAL
        if is_old or is_hung or not _is_wanted() or not self._holds(verdict, surely=is_due):
            self._drop()
            return
        if now - self._knocked >= BETWEEN_KNOCKS:
            self._knock(verdict, now)
        if is_due and self._verdict:
            self._renew(now)

    def finish(self, _pid: int, _status: int) -> None:
        """Take health's answer: supervisord calls this when its process has ended."""
        self._asked = None
        self._due = self.clock() + PAUSE
        verdict = kept_verdict.read()
        if verdict is None or self._is_void or not self._has_mounts(surely=True):
            return
        if self._is_fresh(verdict):
            return
        self._verdict, self._basis = verdict, list(self._seen(verdict))
        self._knocked = self._began  # health has
        self._renew(self.clock())

    def end(self) -> None:
        """Have no verdict any more: supervisord ends."""
        self.doubt()
        self._due = float("inf")
        self._list.close()

    def _ask(self, now: float) -> None:
        paths.VERDICT.unlink(missing_ok=True)
        self._mounts = self._list.content(surely=True)
        self._is_void = False
        self._began, self._began_ns = now, time.time_ns()
        words = [*paths.PYTHON, "slipway", "health", "--keep"]
        try:
            self._asked = subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        except OSError:  # no process to be had: the next round tries again
            self._due = now + PAUSE
            return
        self._options.pidhistory[self._asked.pid] = self

    def _has_mounts(self, *, surely: bool) -> bool:
        return self._list.content(surely=surely) == self._mounts

    def _holds(self, verdict: Verdict, *, surely: bool) -> bool:
        """
        Tell whether all is as it was. The first difference ends the look: the rest may hang.

        + surely: read the mounts even where the kernel tells of no change
        """
        return self._has_mounts(surely=surely) and all(
            now == then for now, then in zip(self._seen(verdict), self._basis, strict=False)
        )

    def _seen(self, verdict: Verdict) -> Iterator[Any]:
        """
        Yield what a verdict rests on, as it is now: directories before what is in them.
        """
        yield from (_stamp(path)[-3:] for path in verdict.places)
        yield from map(_stamp, verdict.files)
        yield gpus.lost(paths.DEVICES)
        yield self._is_sshd_stopped()
        yield list(map(str, self._options.problems))
        yield list(self._options.notes)
        yield log_file.troubles()
        yield time.time() // 86_400  # accounts expire

    def _is_fresh(self, verdict: Verdict) -> bool:
        """
        Tell whether a file has changed while health looked, or so shortly before that it may again.
        """
        stamps = [stamp for path in verdict.files if (stamp := _stamp(path))]
        return any(stamp[0] > self._began_ns - SETTLED for stamp in stamps)

    def _is_sshd_stopped(self) -> bool:
        """
        Tell whether somebody has frozen sshd: it would not answer for long.
        """
        group = self._groups.get("sshd")
        pids = [process.pid for process in group.processes.values()] if group else []
        stats = [files.readable(Path(f"/proc/{pid}/stat")) or b"" for pid in pids if pid]
        return any(stat.rpartition(b") ")[2].startswith((b"T", b"t")) for stat in stats)

    def _renew(self, now: float) -> None:
        """
        Have the verdict count from now.
        """
        self._renewed = now
        verdict = self._verdict
        assert verdict  # noqa: S101 - only called with one
        try:
            until = float(_UPTIME.read_text().split()[0]) + LIFE
            text = f"{os.getpid()} {self._since} {until:.0f} {verdict.line}\n"
            atomic.write(paths.HEALTH, text.encode(), durable=False)
        except OSError:
            self._drop()

    def _knock(self, verdict: Verdict, now: float) -> None:
        """
        Ask sshd for its banner; where that can't be asked there is no verdict.
        """
        self._hang_up()
        known = self._options.get_socket_map()
        self._knocked = now
        try:
            for each in verdict.sshd:
                self._knocks.append(Knock(*each, known=known, failed=self._drop))
        except OSError:
            self._drop()

    def _hang_up(self) -> None:
        for each in self._knocks:
            each.end()
        self._knocks = []

    def _drop(self) -> None:
        self._verdict, self._basis = None, []
        self._hang_up()
        with contextlib.suppress(OSError):  # a disk that fails: then it runs out
            paths.HEALTH.unlink(missing_ok=True)


def _is_wanted() -> bool:
    """
    Tell whether anybody has asked for health of late: a container may have no HEALTHCHECK.
    """
    try:
        return time.time() - paths.HEALTH_ASKED.stat().st_mtime < IDLE
    except OSError:
        return False


def _stamp(path: str) -> tuple[int, ...]:
    """
    Return what a path is like; nothing for one that is not there.
    """
    try:
        found = os.lstat(path)
    except OSError:
        return ()
    whose = (found.st_mode, found.st_uid, found.st_gid)
    return (
        found.st_ctime_ns, found.st_mtime_ns, found.st_dev, found.st_ino, found.st_size, *whose
    )  # fmt: skip
