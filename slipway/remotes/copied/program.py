"""
`slipway sync NAME[:PATH]`: a remote as a plain directory, where FUSE is not allowed.

At the start both sides are made alike, and from then on what changes here is pushed. With `rclone
copy` in both directions, of names that we have decided on: it never deletes. `rclone bisync`
carries deletions across, so that one listing that came back short can cost a remote its files, and
`rclone copy --update` trusts two clocks and takes an upload that was cut off for a newer version.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from slipway.remotes import configuration_file, rclone_options, states
from slipway.remotes.copied import directory, versions
from slipway.remotes.copied.memory import Memory
from slipway.remotes.copied.rclone import Copier, Late
from slipway.remotes.copied.transfers import Transfers
from slipway.remotes.copied.versions import FETCH, KEEP_THEIRS, PUSH, SAME, Alike, Version
from slipway.remotes.log import Once, say
from slipway.remotes.pace import Pace
from slipway.remotes.states import State
from slipway.remotes.stopping import Signals, Stop
from slipway.settings.variables import Settings

INTERVAL = 5.0  # seconds between two looks for changes here: rclone's own write-back delay
PACE = 12.0  # seconds between tries after one that failed: at most five a minute


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
        self.drain_seconds = settings.drain_seconds
        self.uncopied = Once()
        self.pending: int | None = None
        self.state = State()
        variables = rclone_options.for_copies(settings, inherited)
        self.copier = Copier(self.remote, variables, Signals())
        self.memory = Memory(root / ".cache" / f"{name}~sync")
        self.transfers = Transfers(
            self.directory, root / ".rescued" / name, copier=self.copier, memory=self.memory
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
            say(f"{self.remote} is in {self.directory}")
            while True:
                time.sleep(INTERVAL)
                if not self._attempt():
                    pace.wait()
        except Stop:
            self.copier.deadline = time.monotonic() + self.drain_seconds
            if lock is not None and not self._attempt():
                say(f"not everything is uploaded; it stays in {self.directory} for the next start")
            self._note("is stopped")
            return 0

    def _claimed(self) -> IO[bytes] | None:
        """
        Return the lock on the directory, and what is known of it; None while it can't be used.
        """
        lock = None
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            lock = self.memory.claim()
            complaint = self._complaint() if lock else "is copied by another container"
            if not complaint:
                self.transfers.clear()  # what a kill left
                self.memory.load()
        except OSError as error:
            complaint = f"{error.filename}: {error.strerror}"
        if complaint:
            self._note(complaint)
            if lock:
                lock.close()
            return None
        return lock

    def _complaint(self) -> str:
        """
        Say why the directory is none of this remote's; "" where it is. Raises OSError.
        """
        if why := configuration_file.complaint(self.copier.variables["RCLONE_CONFIG"]):
            return f"can't be used: {why}"
        options = self.copier.options()
        if options is None:
            return "can't be used: rclone does not read its configuration"
        source = f"{self.remote}\n{rclone_options.place(options)}\n"
        return self.memory.complaint(source, self.directory)

    def _attempt(self, *, everything: bool = False) -> bool:
        """
        Make both sides alike, or push what changed here; tells whether nothing is left.
        """
        self.copier.why = ""
        if why := configuration_file.complaint(self.copier.variables["RCLONE_CONFIG"]):
            self._note(f"can't be used: {why}")
            return False
        try:
            done = self.reconcile(everything=everything)
        except Late:
            return False
        except (OSError, ValueError) as error:
            self._note(f"{getattr(error, 'filename', None) or self.directory}: {error}")
            return False
        why = f": {self.copier.why}" if self.copier.why else ""
        self._note("" if done else f"does not take everything, or does not answer{why}")
        return done

    def reconcile(self, *, everything: bool) -> bool:
        """
        Decide on each file that changed and have it copied. Raises OSError, ValueError, Late.

        + everything: both sides are compared as a whole, and what is new there is fetched
        """
        last, here = self.memory.last, self._look()
        changed = self.memory.changed(here)
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
                todo[versions.decide(version, other, last.get(path))].append(path)
        for path in todo[SAME]:
            if path in here and path in there:
                last[path] = Alike(here[path], there[path])
        # A stop has little time: first what needs nothing from the remote
        pushed = self.transfers.push(todo[PUSH], here, there)
        pushed &= self.transfers.push(
            self.transfers.keep(todo[KEEP_THEIRS], here, there), here, there
        )
        fetched = self.transfers.fetch(todo[FETCH], here, there)
        self.memory.save()
        waiting = self.memory.changed({path: here[path] for path in todo[PUSH] + todo[KEEP_THEIRS]})
        self.pending = len(waiting)
        return pushed and fetched and not waiting

    def _look(self) -> dict[str, Version]:
        found = {}
        for path, version in directory.look(self.directory).items():
            if name := directory.to_rclone(path):
                found[name] = version
            else:
                self.uncopied.say(
                    repr(path), "is not copied: not UTF-8, or another file's to rclone"
                )
        return found

    def _note(self, detail: str) -> None:
        if detail not in ("", self.state.detail):
            say(f"{self.remote} {detail}")
        state = State(detail=detail, pending=self.pending)
        if state != self.state:
            self.state = state
            with contextlib.suppress(OSError):  # /run is full: `status` knows less
                states.write(self.name, state)
