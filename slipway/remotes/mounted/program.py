"""
`slipway mount NAME`: the program behind each remote's mount.

It repairs the write cache, clears a stale mount, refuses to hide files, and keeps rclone running.
When it is told to stop it has rclone upload first what waits, within a bound.
"""

from __future__ import annotations

import contextlib
import math
import os
from collections.abc import Mapping
from pathlib import Path

from slipway.environment import derived
from slipway.remotes import configuration_file, rc, rclone_options, states
from slipway.remotes.log import say
from slipway.remotes.mounted import mountpoint, rclone, read_cache
from slipway.remotes.mounted.rclone import Mounter
from slipway.remotes.mounted.write_cache import WriteCache
from slipway.remotes.pace import Pace
from slipway.remotes.states import State
from slipway.remotes.stopping import Signals, Stop
from slipway.services import first_process
from slipway.settings.variables import Settings
from slipway.system import disk
from slipway.system.counting import counted

PACE = 12.0  # seconds between two starts of rclone: at most five a minute
PROBE_EVERY = 30.0  # seconds between two questions whether the remote answers
LOOK_EVERY = 1.0  # seconds between two looks at the room that is left


class Program:
    """
    One remote: its mount, what belongs to that, and the rclone that serves it.
    """

    def __init__(self, name: str, settings: Settings, inherited: Mapping[str, str]) -> None:
        root = Path(settings.workspace, "remote")
        around = derived.observe(settings.workspace)
        self.name = name
        self.point = root / name
        self.socket = states.socket_of(name)
        self.drain_seconds = settings.drain_seconds
        floor = disk.floor(root)
        self.variables = rclone_options.variables(
            settings, inherited, around, floor=floor, is_cut_off=bool(first_process.warning())
        )
        self.given = {**inherited, **settings.environment}
        self.mode = read_cache.FULL
        self.cache = WriteCache(name, root, self.variables, owner=(around.uid, around.gid))
        self.signals = Signals()
        self.state = State()
        self.is_short = False  # of room for the cache

    def run(self) -> int:
        """
        Keep the remote mounted until told to stop.
        """
        pace = Pace(PACE)
        try:
            rclone.end_left(states.read(self.name).pid, self.socket)
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
        if complaint := configuration_file.complaint(self.variables["RCLONE_CONFIG"]):
            self._tell(complaint)
            return
        claim = self.cache.put_in_order()
        if complaint := self._prepare():
            self._tell(complaint)
            return
        mounter = None
        try:
            with rclone.closing(os.open(self.point, os.O_DIRECTORY)) as below:
                mode = self._cache_mode(claim.cache)
                with self.signals.held():  # a stop must know of it
                    mounter = Mounter(
                        self.name,
                        self.point,
                        self.socket,
                        claim=claim,
                        mode=mode,
                        variables=self.variables | read_cache.options(mode, self.given),
                    )
                self._note(pid=mounter.process.pid)
                complaint = self._watch(mounter, below)
        except Stop:
            if mounter:
                self._end(mounter)
            raise
        finally:
            if mounter:
                mounter.kill()
                mounter.following.end()
                mounter.reloaded.end()
        if complaint:
            self._tell(complaint)
            return
        ended = f"rclone ended with {mounter.process.returncode}"
        why = mounter.last_words.why()
        self._tell(why or ended, in_log=ended)

    def _cache_mode(self, cache: Path) -> str:
        """
        Return how rclone is to cache, and say when that changes. Raises OSError.
        """
        mode = read_cache.mode(cache, self.given)
        if mode != self.mode:
            said = "is cached" if mode == read_cache.FULL else "is not cached: there is little room"
            say(f"{self.name}: what is only read {said}")
        self.mode = mode
        return mode

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

    def _watch(self, mounter: Mounter, below: int) -> str:
        """
        Return when rclone has ended; say meanwhile when its remote stops or begins to answer.

        Returns why it had to be ended, "" where it ended by itself.

        + below: the directory that it mounts over. What somebody wrote there while rclone was
          connecting, for a minute perhaps, is seen through this descriptor alone.
        """
        due = -math.inf
        for now in mounter.moments(LOOK_EVERY):
            if due < 0:
                if os.listdir(below):
                    self._end(mounter)
                    return self._hides_files()
                self.cache.waiting = None  # rclone tells it from now on
                mounter.reloaded.begin()
            self._make_room(mounter)
            mounter.reloaded.step()
            mounter.following.step()
            if now >= due:
                trouble = mounter.trouble() or mounter.standstill.look(now)
                self._note(trouble, mounter.process.pid)
                due = now + PROBE_EVERY
        return ""

    def _make_room(self, mounter: Mounter) -> None:
        """
        Have what waits uploaded at once where room is short: only then rclone can drop it.
        """
        shortage = disk.shortage(self.cache.place)
        if shortage:
            mounter.hurry()
        if bool(shortage) != self.is_short:
            self.is_short = bool(shortage)
            why = f"its cache is short of room: {shortage}" if shortage else "its cache has room"
            say(f"{self.name}: {why}")

    def _end(self, mounter: Mounter) -> None:
        """
        Upload what waits, then unmount.
        """
        place = self.cache.place
        try:
            left = self.cache.waiting = rc.drain(
                self.socket,
                seconds=self.drain_seconds,
                is_under_way=mounter.following.is_under_way,
            )
        except OSError as error:
            say(f"what waits for its upload stays in {place}: {error}")
        else:
            if left:
                files = counted(left, "file is", "files are")
                stay = "it stays" if left == 1 else "they stay"
                say(f"{files} not uploaded yet; {stay} in {place} for the next start")
        mounter.unmount()

    def _tell(self, complaint: str, *, in_log: str = "") -> None:
        """
        Say why it is not mounted, once for each reason.

        + in_log: what the log says of it, which has rclone's own words already
        """
        if self.state.detail != complaint:
            say(in_log or complaint)
        self._note(complaint)

    def _note(self, detail: str = State().detail, pid: int = 0) -> None:
        if pid and self.state.pid and _kind(detail) != _kind(self.state.detail):
            say(f"{self.name} {detail or 'answers'}")
        self.state = State(pid, detail, self.cache.waiting)
        with contextlib.suppress(OSError):  # /run is full: `status` knows less
            states.write(self.name, self.state)


def _kind(detail: str) -> str:
    """
    Return a detail without rclone's words, which are others each time.
    """
    return detail.partition(":")[0]


def run(name: str, settings: Settings, inherited: Mapping[str, str]) -> int:
    """
    Keep a remote mounted until told to stop; only one program does that for a remote.

    + inherited: this process's own environment
    """
    held = states.claim(name)
    if held is None:
        say(f"{name} has such a program already: `supervisorctl restart remote-{name}`")
        return 1
    with held:
        return Program(name, settings, inherited).run()
