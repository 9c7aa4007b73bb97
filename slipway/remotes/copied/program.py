"""
`slipway sync NAME[:PATH]`: a remote as a plain directory, where FUSE is not allowed.

At the start both sides are made alike, and from then on what changes here is pushed. With `rclone
copy` in both directions, of names that we have decided on: it never deletes. `rclone bisync`
carries deletions across, so that one listing that came back short can cost a remote its files, and
`rclone copy --update` trusts two clocks and takes an upload that was cut off for a newer version.

What is fetched comes into a directory of its own and is put in place from there file by file, if
what is there is still what was decided on. rclone would look long before it replaces.
"""

from __future__ import annotations

import contextlib
import shutil
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO

from slipway.remotes import rclone_options, rescue, states
from slipway.remotes.copied import directory, versions
from slipway.remotes.copied.rclone import Copier, Late
from slipway.remotes.copied.versions import FETCH, KEEP_THEIRS, NEVER, PUSH, SAME, Alike, Version
from slipway.remotes.pace import Pace
from slipway.remotes.states import State
from slipway.remotes.stopping import Signals, Stop
from slipway.settings.variables import Settings
from slipway.system import atomic, files, locks

INTERVAL = 5.0  # seconds between two looks for changes here: rclone's own write-back delay
PACE = 12.0  # seconds between tries after one that failed: at most five a minute
_PROGRESS = ("--stats", "10s", "--stats-one-line", "--stats-log-level", "NOTICE")

Seen = Mapping[str, Version]  # what a side has, by path


class Sync:
    """
    One remote and its directory.
    """

    def __init__(self, name: str, settings: Settings, inherited: Mapping[str, str]) -> None:
        root = Path(settings.workspace, "remote")
        words = (word for word in settings.remote_sync if word.partition(":")[0] == name)
        path = next(words, name).partition(":")[2]
        self.name = name
        self.remote = f"{name}:{path}"
        self.directory = root / name
        self.incoming = self.directory / f".incoming{directory.PART}"  # on the same disk, same ACL
        self.rescued = root / ".rescued" / name
        # in the workspace, where the files are: another container goes on with it
        self.place = root / ".cache" / f"{name}~sync"
        self.drain_seconds = settings.drain_seconds
        self.last: dict[str, Alike] = {}
        self.remembered = b""  # of it, on the disk
        self.said: set[str] = set()
        self.pending: int | None = None
        self.state = State()
        self.signals = Signals()
        self.copier = Copier(
            self.remote, rclone_options.for_copies(settings, inherited), self.signals
        )

    def run(self) -> int:
        """
        Keep both sides alike until told to stop; then push what changed last, within the bound.
        """
        pace = Pace(PACE)
        lock = None
        try:
            self._note("is being fetched")
            while lock is None or not self._attempt(everything=True):
                pace.wait()
                lock = lock or self._claimed()
            _say(f"{self.remote} is in {self.directory}")
            while True:
                time.sleep(INTERVAL)
                if not self._attempt():
                    pace.wait()
        except Stop:
            self.copier.deadline = time.monotonic() + self.drain_seconds
            if lock is not None and not self._attempt():
                _say(f"not everything is uploaded; it stays in {self.directory} for the next start")
            self._note("is stopped")
            return 0

    def _claimed(self) -> IO[bytes] | None:
        """
        Return the lock on the directory, and what is known of it; None while it can't be used.
        """
        lock = None
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            self.place.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = locks.take(self.place / ".lock")
            complaint = self._complaint() if lock else "is copied by another container"
            if not complaint:
                self._clear()  # what a kill left
                self.remembered = files.content(self.place / "last") or b""
        except OSError as error:
            complaint = f"{error.filename}: {error.strerror}"
        if complaint:
            self._note(complaint)
            if lock:
                lock.close()
            return None
        self.last = versions.load(self.remembered)
        return lock

    def _complaint(self) -> str:
        """
        Say why the directory is none of this remote's; "" where it is. Raises OSError.

        What was alike with another remote, or another path of it, says nothing of this one.
        """
        options = self.copier.options()
        if options is None:
            return "can't be used: rclone does not read its configuration"
        file = self.place / "source"
        source = f"{self.remote}\n{rclone_options.place(options)}\n"
        known = (files.content(file) or b"").decode(errors="replace")
        if known and known != source:
            if any(self.directory.iterdir()):
                return (
                    f"is not the place that {self.directory} was copied from, which was "
                    f"{known.splitlines()[0]}: move that directory away (or, if it is the same "
                    f"place after all, remove {file})"
                )
            (self.place / "last").unlink(missing_ok=True)
        if known != source:
            atomic.write(file, source.encode())
        return ""

    def _attempt(self, *, everything: bool = False) -> bool:
        """
        Make both sides alike, or push what changed here; tells whether nothing is left.
        """
        try:
            done = self.reconcile(everything=everything)
        except Late:
            return False
        except (OSError, ValueError) as error:
            self._note(f"{getattr(error, 'filename', None) or self.directory}: {error}")
            return False
        self._note("" if done else "does not take everything, or does not answer")
        return done

    def reconcile(self, *, everything: bool) -> bool:
        """
        Decide on each file that changed and have it copied. Raises OSError, ValueError, Late.

        + everything: both sides are compared as a whole, and what is new there is fetched
        """
        here = self._look()
        changed = self._changed(here)
        self.pending = len(changed)
        self._note(self.state.detail)  # before a remote is asked that may not answer
        if not changed and not everything:
            return True
        there = self.copier.list(None if everything else changed)
        if there is None:
            return False
        todo: dict[str, list[str]] = {SAME: [], PUSH: [], FETCH: [], KEEP_THEIRS: []}
        for path in sorted(here.keys() | there.keys()) if everything else changed:
            version, other = here.get(path), there.get(path)
            if version or other:
                todo[versions.decide(version, other, self.last.get(path))].append(path)
        for path in todo[SAME]:
            if path in here and path in there:
                self.last[path] = Alike(here[path], there[path])
        # A stop has little time: first what needs nothing from the remote
        pushed = self._push(todo[PUSH], here, there)
        pushed &= self._push(self._keep(todo[KEEP_THEIRS], here, there), here, there)
        fetched = self._fetch(todo[FETCH], here, there)
        self._remember()
        waiting = self._changed({path: here[path] for path in todo[PUSH] + todo[KEEP_THEIRS]})
        self.pending = len(waiting)
        return pushed and fetched and not waiting

    def _keep(self, names: list[str], here: Seen, there: Seen) -> list[str]:
        """
        Set aside what the remote has of some files; returns those of ours that may replace it.
        """
        kept = []
        for path, new in self._arrivals(names, there):
            name = directory.from_rclone(path)
            if directory.is_equal(new, self.directory / name):
                self.last[path] = Alike(here[path], there[path])
                continue
            with self.signals.held():
                aside = rescue.set_aside(new, self.rescued, name)
                self.last[path] = Alike(NEVER, there[path])  # it is kept once, however often we try
            _say(f"{path} changed on both sides: the remote's is set aside as {aside}")
            kept.append(path)
        return kept

    def _push(self, names: list[str], here: Seen, there: Seen) -> bool:
        if not names:
            return True
        for path in names:
            self.last[path] = Alike(NEVER, there.get(path, NEVER))
        self._remember()
        done = self.copier.copy(str(self.directory), self.remote, names)
        now: Seen | None
        try:
            now = self.copier.list(names)
        except Late:  # a stop has no time to look what it has become there
            now = dict.fromkeys(names, NEVER) if done else {}
        for path in names:
            if arrived := (now or {}).get(path):
                is_new = arrived.size == here[path].size and arrived != there.get(path)
                self.last[path] = Alike(here[path] if done or is_new else NEVER, arrived)
        self._remember()
        return done and now is not None

    def _fetch(self, names: list[str], here: Seen, there: Seen) -> bool:
        wanted = [
            path
            for path in names
            if not directory.is_blocked(self.directory, directory.from_rclone(path))
        ]
        for path in sorted(set(names).difference(wanted)):
            self._say_once(path, "is not fetched: a link or something else is in its way here")
        if not wanted:
            return True
        _say(f"fetching {len(wanted)} files of {self.remote} to {self.directory}")
        missing = set(wanted)
        for path, new in self._arrivals(wanted, there):
            with self.signals.held():
                if placed := self._put(path, new, here.get(path)):
                    self.last[path] = Alike(placed, there[path])
                    missing.remove(path)
        return not missing

    def _arrivals(self, names: list[str], there: Seen) -> Iterator[tuple[str, Path]]:
        """
        Fetch files, a batch at a time, and yield each that has arrived, as a whole.
        """
        for batch in versions.batches(names, there):
            self._clear()
            self.incoming.mkdir(mode=0o700)
            self.copier.copy(self.remote, str(self.incoming), batch, *_PROGRESS)
            for path in batch:
                new = self.incoming / directory.from_rclone(path)
                if directory.version(new):
                    yield path, new
            self._remember()
        self._clear()

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

    def _clear(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(self.incoming)

    def _changed(self, here: Seen) -> list[str]:
        """
        Return what changed here since both sides were alike, whatever the clock says now.
        """
        return [
            path
            for path, version in here.items()
            if path not in self.last or self.last[path].here != version
        ]

    def _look(self) -> dict[str, Version]:
        found = {}
        for path, version in directory.look(self.directory).items():
            if name := directory.to_rclone(path):
                found[name] = version
            else:
                self._say_once(repr(path), "is not copied: not UTF-8, or another file's to rclone")
        return found

    def _remember(self) -> None:
        text = versions.dump(self.last)
        if text != self.remembered:
            atomic.write(self.place / "last", text)
            self.remembered = text

    def _say_once(self, path: str, message: str) -> None:
        if path not in self.said:
            self.said.add(path)
            _say(f"{path} {message}")

    def _note(self, detail: str) -> None:
        if detail not in ("", self.state.detail):
            _say(f"{self.remote} {detail}")
        state = State(detail=detail, pending=self.pending)
        if state != self.state:
            self.state = state
            with contextlib.suppress(OSError):  # /run is full: `status` knows less
                states.write(self.name, state)


def _say(message: str) -> None:
    print(f"slipway: {message}", file=sys.stderr, flush=True)
