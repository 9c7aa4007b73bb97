"""
`slipway mount NAME`: the program behind each remote's mount.

It repairs the write cache, clears a stale mount, refuses to hide files, and keeps rclone running.
When it is told to stop it has rclone upload first what waits, within a bound.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from slipway.contract import paths
from slipway.environment import derived
from slipway.remotes import rc, rclone_options, states
from slipway.remotes.mounted import cache_claims, mountpoint, remote_files
from slipway.remotes.mounted import cache_repair as cache
from slipway.remotes.mounted.cache_claims import Claim
from slipway.remotes.mounted.remote_files import Backend
from slipway.remotes.pace import Pace
from slipway.remotes.states import State
from slipway.remotes.stopping import Signals, Stop
from slipway.settings.variables import Settings

PACE = 12.0  # seconds between two starts of rclone: at most five a minute
GRACE = 1.5  # seconds that rclone has to unmount
HURRY = 2.0  # seconds to have what waits uploaded at once; without that it is, after five
PROBE_EVERY = 30.0  # seconds between two questions whether the remote answers: each is a request
PROBE = 5.0  # seconds that it has for the answer
_PROBED = ".slipway-probe"  # a file that no remote has


class Program:
    """
    One remote: its mount, what belongs to that, and the rclone that serves it.
    """

    def __init__(self, name: str, settings: Settings, inherited: Mapping[str, str]) -> None:
        root = Path(settings.workspace, "remote")
        self.name = name
        self.settings = settings
        self.around = derived.observe(settings.workspace)
        self.point = root / name
        self.caches = root / ".cache"
        self.rescued = root / ".rescued" / name
        self.socket = states.socket_of(name)
        self.variables = rclone_options.variables(settings, inherited, self.around)
        self.claim: Claim | None = None
        self.signals = Signals()
        self.state = State()
        self.folder = (
            remote_files.NOWHERE
        )  # of the cache, once rclone has said it: it stays the same
        self.waiting: int | None = None  # files to be uploaded, while no rclone tells it

    def run(self) -> int:
        """
        Keep the remote mounted until told to stop.
        """
        pace = Pace(PACE)
        try:
            self._end_predecessor()
            self._note()
            while True:
                pace.wait()
                try:
                    self._mount()
                except OSError as error:
                    self._tell(f"{error.filename or self.point}: {error.strerror or error}")
        except Stop:
            self._note("is stopped")
            return 0

    def _mount(self) -> None:
        """
        Mount it once, and return when rclone has ended. Raises OSError.
        """
        self.claim = self.claim or cache_claims.take(self.caches, self.name)
        self._repair(self.claim)
        if complaint := self._prepare():
            self._tell(complaint)
            return
        process = None
        try:
            with _closing(os.open(self.point, os.O_DIRECTORY)) as below:
                with self.signals.held():  # a stop must know of it
                    process = subprocess.Popen(
                        command(self.name, self.point, cache=self.claim.cache, socket=self.socket),
                        env=self.variables,
                        pass_fds=[self.claim.lock.fileno()],  # in use while rclone lives
                    )
                self._note(pid=process.pid)
                complaint = self._watch(process, below)
        except Stop:
            if process:
                self._end(process)
            raise
        finally:
            if process and process.poll() is None:
                process.kill()
                process.wait()
        self._tell(complaint or f"rclone ended with {process.returncode}")

    def _prepare(self) -> str:
        """
        Make ready for rclone; returns why that can't be, "" where it can. Raises OSError.
        """
        if mountpoint.is_served(self.point):
            return f"{self.point} is mounted by another container, and used from here, too"
        mountpoint.clear(self.point)
        self.point.mkdir(parents=True, exist_ok=True)
        if mountpoint.mounts(self.point):
            return f"{self.point} has something else mounted; unmount it, or rename the remote"
        if any(self.point.iterdir()):
            return self._hides_files()
        self.socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.socket.unlink(missing_ok=True)  # left by one that was killed: rclone would not start
        return ""

    def _hides_files(self) -> str:
        return f"{self.point} has files in it, which a mount would hide; move them away"

    def _end_predecessor(self) -> None:
        """
        End the rclone of a program that was killed: it has the cache, and may still be dying.
        """
        pid = states.read(self.name).pid
        with contextlib.suppress(OSError):
            if pid and os.fsencode(self.socket) in Path(f"/proc/{pid}/cmdline").read_bytes():
                descriptor = os.pidfd_open(pid)
                os.kill(pid, signal.SIGKILL)
                select.select([descriptor], [], [], GRACE)
                os.close(descriptor)

    def _repair(self, own: Claim) -> None:
        """
        Put in order what a kill left in the write cache, and say what was done. Raises OSError.
        """
        asked = Backend(self.name, self.variables, folder=self.folder)
        self.waiting = self._repaired(own.cache, own, asked)
        for other in cache_claims.left(self.caches, self.name, own=own.cache):
            self.waiting += self._repaired(other.cache, own, asked)
        self.folder = asked.known

    def _repaired(self, place: Path, own: Claim, asked: Backend) -> int:
        """
        Repair one of the remote's caches; returns how many files wait. Raises OSError.
        """

        def has(folder: str, path: str) -> bool | None:
            now = asked.folder()
            is_its = now is not None and cache.bare(now.name) == cache.bare(folder)
            return asked.has(path) if is_its else None  # another place's, of earlier

        owner = (self.around.uid, self.around.gid)
        repaired = cache.repair(place, rescued=self.rescued, remote_has=has, owner=owner)
        self._report(repaired.done)
        waiting = len(repaired.waiting)
        if cache.is_at_home(repaired, own.cache, self.folder) or (folder := asked.folder()) is None:
            return waiting  # where rclone can't say it, it can't mount the remote, either
        adopted = cache.adopt(repaired, own.cache, home=folder, rescued=self.rescued, owner=owner)
        self._report(adopted)
        return waiting - sum(decision.action == cache.RESCUE for decision in adopted)

    def _report(self, decisions: list[cache.Decision]) -> None:
        what = {
            cache.COMPLETE: "is uploaded now",
            cache.RESCUE: f"is set aside in {self.rescued}",
            cache.DROP: "is dropped",
        }
        for decision in decisions:
            _say(f"{self.name}: {decision.path} {decision.reason}: it {what[decision.action]}")

    def _watch(self, process: subprocess.Popen[bytes], below: int) -> str:
        """
        Return when rclone has ended; say meanwhile when its remote stops or begins to answer.

        Returns why it had to be ended, "" where it ended by itself.

        + below: the directory that it mounts over. What somebody wrote there while rclone was
          connecting, for a minute perhaps, is seen through this descriptor alone.
        """
        pid = process.pid
        with (
            Path("/proc/self/mountinfo").open("rb") as mounts,
            _closing(os.pidfd_open(pid)) as ended,
        ):
            poll = select.poll()
            poll.register(ended, select.POLLIN)
            poll.register(mounts, select.POLLPRI)  # a mount came or went (proc(5))
            due = None
            while True:
                if due is None and mountpoint.mounts(self.point):
                    if os.listdir(below):
                        self._end(process)
                        return self._hides_files()
                    due = time.monotonic()
                    self.waiting = None  # rclone tells it from now on
                    with contextlib.suppress(OSError):  # it waited through a kill: long enough
                        rc.hurry(self.socket, seconds=HURRY)
                if due is not None and time.monotonic() >= due:
                    self._note("" if self._answers() else "does not answer", pid)
                    due = time.monotonic() + PROBE_EVERY
                wait = None if due is None else 1000 * max(0.0, due - time.monotonic())
                if any(descriptor == ended for descriptor, _ in poll.poll(wait)):
                    return ""

    def _answers(self) -> bool:
        try:
            rc.call(
                self.socket,
                "operations/stat",
                timeout=PROBE,
                fs=f"{self.name}:",
                remote=_PROBED,
                opt={"filesOnly": True},  # no directory is listed
            )
        except OSError:
            return False
        return True

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        """
        Upload what waits, then unmount.
        """
        place = self.claim.cache if self.claim else self.caches
        try:
            left = self.waiting = rc.drain(self.socket, seconds=self.settings.drain_seconds)
        except OSError as error:
            _say(f"what waits for its upload stays in {place}: {error}")
        else:
            if left:
                _say(f"{left} files are not uploaded yet; they stay in {place} for the next start")
        process.terminate()
        try:
            process.wait(GRACE)
        except subprocess.TimeoutExpired:  # somebody sits in the mount
            process.kill()
            process.wait()
        if not mountpoint.is_served(self.point):
            mountpoint.clear(self.point)

    def _tell(self, complaint: str) -> None:
        """
        Say why it is not mounted, once for each reason.
        """
        if self.state.detail != complaint:
            _say(complaint)
        self._note(complaint)

    def _note(self, detail: str = State().detail, pid: int = 0) -> None:
        if pid and self.state.pid and detail != self.state.detail:
            _say(f"{self.name} {detail or 'answers'}")
        self.state = State(pid, detail, self.waiting)
        with contextlib.suppress(OSError):  # /run is full: `status` knows less
            states.write(self.name, self.state)


def run(name: str, settings: Settings, inherited: Mapping[str, str]) -> int:
    """
    Keep a remote mounted until told to stop; only one program does that for a remote.

    + inherited: this process's own environment
    """
    held = states.claim(name)
    if held is None:
        _say(f"{name} has such a program already: `supervisorctl restart remote-{name}`")
        return 1
    with held:
        return Program(name, settings, inherited).run()


def command(name: str, point: Path, *, cache: Path, socket: Path) -> list[str]:
    """
    Return rclone's words; what is an option here can't be set by an `RCLONE_*` variable.

    rclone dies with us, so that no one is left that holds the mount and answers to nobody.
    """
    # fmt: off
    return [
        "setpriv", "--pdeathsig", "KILL", "--",
        paths.RCLONE, "mount", f"{name}:", str(point),
        "--vfs-cache-mode", "full", "--cache-dir", str(cache),
        "--rc", "--rc-no-auth", "--rc-addr", f"unix://{socket}",
    ]
    # fmt: on


@contextlib.contextmanager
def _closing(descriptor: int) -> Iterator[int]:
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _say(message: str) -> None:
    print(f"slipway: {message}", file=sys.stderr, flush=True)
