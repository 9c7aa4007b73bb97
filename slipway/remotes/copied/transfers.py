"""
What has been decided on is done: files are pushed, fetched, or set aside before ours replace them.

What is fetched comes into a directory of its own and is put in place from there file by file, if
what is there is still what was decided on. rclone would look long before it replaces.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

from slipway.remotes import rescue
from slipway.remotes.copied import directory, versions
from slipway.remotes.copied.memory import Memory
from slipway.remotes.copied.rclone import Copier, Late
from slipway.remotes.copied.versions import NEVER, Alike, Version
from slipway.remotes.log import Once, say
from slipway.system.counting import counted

_PROGRESS = ("--stats", "10s", "--stats-one-line", "--stats-log-level", "NOTICE")

Seen = Mapping[str, Version]  # what a side has, by path


class Transfers:
    """
    The way between one remote and its directory. Everything here raises OSError, ValueError, Late.
    """

    def __init__(self, target: Path, rescued: Path, *, copier: Copier, memory: Memory) -> None:
        self.directory = target
        self.incoming = target / f".incoming{directory.PART}"  # on the same disk, same ACL
        self.rescued = rescued
        self.copier = copier
        self.memory = memory
        self.blocked = Once()

    def push(self, names: list[str], here: Seen, there: Seen) -> bool:
        """
        Upload files, and remember what they are there; tells whether all have arrived.
        """
        if not names:
            return True
        last = self.memory.last
        for path in names:
            last[path] = Alike(NEVER, there.get(path, NEVER))
        self.memory.save()
        done = self.copier.copy(str(self.directory), self.copier.remote, names)
        now: Seen | None
        try:
            now = self.copier.list(names)
        except Late:  # a stop has no time to look what it has become there
            now = dict.fromkeys(names, NEVER) if done else {}
        for path in names:
            if arrived := (now or {}).get(path):
                is_new = arrived.size == here[path].size and arrived != there.get(path)
                last[path] = Alike(here[path] if done or is_new else NEVER, arrived)
        self.memory.save()
        return done and now is not None

    def keep(self, names: list[str], here: Seen, there: Seen) -> list[str]:
        """
        Set aside what the remote has of some files; returns those of ours that may replace it.
        """
        kept = []
        for path, new in self._arrivals(names, there):
            name = directory.from_rclone(path)
            if directory.is_equal(new, self.directory / name):
                self.memory.last[path] = Alike(here[path], there[path])
                continue
            with self.copier.signals.held():
                aside = rescue.set_aside(new, self.rescued, name)
                # it is kept once, however often we try
                self.memory.last[path] = Alike(NEVER, there[path])
            say(f"{path} changed on both sides: the remote's is set aside as {aside}")
            kept.append(path)
        return kept

    def fetch(self, names: list[str], here: Seen, there: Seen) -> bool:
        """
        Have files here as the remote has them; tells whether all that can have their place do.
        """
        wanted = [
            path
            for path in names
            if not directory.is_blocked(self.directory, directory.from_rclone(path))
        ]
        for path in sorted(set(names).difference(wanted)):
            self.blocked.say(path, "is not fetched: a link or something else is in its way here")
        if not wanted:
            return True
        say(f"fetching {counted(len(wanted), 'file')} of {self.copier.remote} to {self.directory}")
        missing = set(wanted)
        for path, new in self._arrivals(wanted, there):
            with self.copier.signals.held():
                if placed := self._put(path, new, here.get(path)):
                    self.memory.last[path] = Alike(placed, there[path])
                    missing.remove(path)
        return not missing

    def clear(self) -> None:
        """
        Remove what is on its way here.
        """
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self.incoming)

    def _arrivals(self, names: list[str], there: Seen) -> Iterator[tuple[str, Path]]:
        """
        Fetch files, a batch at a time, and yield each that has arrived, as a whole.
        """
        for batch in versions.batches(names, there):
            self.clear()
            self.incoming.mkdir(mode=0o700)
            self.copier.copy(self.copier.remote, str(self.incoming), batch, *_PROGRESS)
            for path in batch:
                new = self.incoming / directory.from_rclone(path)
                if directory.version(new):
                    yield path, new
            self.memory.save()
        self.clear()

    def _put(self, path: str, new: Path, expected: Version | None) -> Version | None:
        """
        Put a fetched file in its place, and return it; None where somebody changed it meanwhile.

        + expected: what was there when it was decided on; it is set aside
        """
        name = directory.from_rclone(path)
        target = self.directory / name
        if directory.is_blocked(self.directory, name) or directory.version(target) != expected:
            return None
        if expected is None:
            target.parent.mkdir(parents=True, exist_ok=True)
        elif directory.is_equal(new, target):
            return expected
        else:
            rescue.set_aside(target, self.rescued, name)
        return directory.put(new, target)
