"""
`slipway sync NAME[:PATH]`: a remote as a plain directory, where FUSE is not allowed.

At the start both sides are made alike, and from then on what changes here is pushed. With `rclone
copy` in both directions, of names that we have decided on: it never deletes. `rclone bisync`
carries deletions across, so that one listing that came back short can cost a remote its files, and
`rclone copy --update` trusts two clocks and takes an upload that was cut off for a newer version.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Collection
from pathlib import Path

from slipway import atomic, backend, claim, paths, remote_states, versions
from slipway.pace import Pace
from slipway.remote_states import State
from slipway.settings import Settings
from slipway.stopping import Signals, Stop
from slipway.versions import FETCH, KEEP_THEIRS, PUSH, SAME, Alike, Version

INTERVAL = 5.0  # seconds between two looks for changes here: rclone's own write-back delay
PACE = 12.0  # seconds between tries after one that failed: at most five a minute
_PART = ".slipwaypart"  # of files that rclone is at: no files of the user's, here or there
# What is copied is decided on: rclone shall not think about it again.
_SETTLED = ("--transfers", "8", "--ignore-times", "--partial-suffix", _PART)
_NOT_FOUND = 3  # rclone's exit code: the remote has no such directory yet


class Late(Exception):  # noqa: N818 - no error: the bound of a stop
    """
    The time that a stop has is over.
    """


class Sync:
    """
    One remote and its directory.
    """

    def __init__(self, remote: str, settings: Settings) -> None:
        self.name, _, path = remote.partition(":")
        root = Path(settings.workspace, "remote")
        self.remote = f"{self.name}:{path}"
        self.directory = root / self.name
        self.rescued = root / ".rescued" / self.name
        # in the workspace, where the files are: another container goes on with it
        self.place = root / ".cache" / f"{self.name}~sync"
        self.variables = backend.variables(settings)
        self.drain_seconds = settings.drain_seconds
        self.last: dict[str, Alike] = {}
        self.begun: set[str] = set()
        self.unnamed: set[str] = set()
        self.pending: int | None = None
        self.deadline: float | None = None
        self.state = State()
        self.signals = Signals()

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
            self.deadline = time.monotonic() + self.drain_seconds
            if lock is not None and self._changed() and not self._attempt():
                _say(f"not everything is uploaded; it stays in {self.directory} for the next start")
            self._note("is stopped")
            return 0

    def _claimed(self) -> claim.Claim | None:
        """
        Return the lock on the directory, and what is known of it; None while another has it.
        """
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
            self.place.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = claim.lock(self.place)
        except OSError as error:
            self._note(f"{error.filename}: {error.strerror}")
            return None
        if lock is None:
            self._note("is copied by another container")
            return None
        self.last = versions.load(_content(self.place / "last"))
        self.begun = set(_content(self.place / "begun").decode().split("\0")) - {""}
        return lock

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
        names = None if everything else self._changed(here)
        if names is not None and not names:
            return True
        there = self._list(names)
        if there is None:
            return False
        todo: dict[str, list[str]] = {SAME: [], PUSH: [], FETCH: [], KEEP_THEIRS: []}
        for path in sorted(here.keys() | there.keys()) if names is None else names:
            version, other = here.get(path), there.get(path)
            if version or other:
                begun = path in self.begun
                action = versions.decide(version, other, self.last.get(path), is_begun=begun)
                todo[action].append(path)
        for path in todo[SAME]:
            if path in here and path in there:
                self.last[path] = Alike(here[path], there[path])
        self.pending = len(todo[PUSH]) + len(todo[KEEP_THEIRS])
        fetched = self._fetch(todo[FETCH], there)
        pushed = self._push(todo[PUSH], todo[KEEP_THEIRS], here)
        if any(todo.values()):
            atomic.write(self.place / "last", versions.dump(self.last))
        self.pending = 0 if pushed else self.pending
        if pushed and self.begun and self.deadline is None:
            self.begun.clear()
            (self.place / "begun").unlink(missing_ok=True)
        return fetched and pushed

    def _fetch(self, names: list[str], there: dict[str, Version]) -> bool:
        if not names:
            return True
        _say(f"fetching {len(names)} files of {self.remote} to {self.directory}")
        progress = ("--stats", "10s", "--stats-one-line", "--stats-log-level", "NOTICE")
        kept = ("--backup-dir", str(self._rescue_folder()))  # of what was changed here, too
        done = self._copy(self.remote, str(self.directory), names, *kept, *progress)
        here = self._look()
        for path in names:
            if path in here and versions.are_alike(here[path], there[path]):
                self.last[path] = Alike(here[path], there[path])
        return done

    def _push(self, names: list[str], doubled: list[str], here: dict[str, Version]) -> bool:
        if not names and not doubled:
            return True
        if doubled:
            kept = self._rescue_folder()
            if not self._copy(self.remote, str(kept), doubled):
                return False
            for path in doubled:
                _say(f"{path} changed on both sides: the remote's is set aside in {kept}")
        pushed = [*names, *doubled]
        self.begun.update(pushed)
        atomic.write(self.place / "begun", "\0".join(sorted(self.begun)).encode())
        done = self._copy(str(self.directory), self.remote, pushed)
        if self.deadline is not None:
            return done  # a stop has no time for it; what is begun is pushed again
        there = self._list(pushed)
        for path in pushed if there is not None else []:
            arrived = there.get(path) if there else None
            if arrived and (done or versions.are_alike(here[path], arrived)):
                self.last[path] = Alike(here[path], arrived)
        return done and there is not None

    def _changed(self, here: dict[str, Version] | None = None) -> list[str]:
        """
        Return what changed here since both sides were alike, whatever the clock says now.
        """
        here = self._look() if here is None else here
        return [
            path
            for path, version in here.items()
            if path in self.begun or path not in self.last or self.last[path].here != version
        ]

    def _look(self) -> dict[str, Version]:
        """
        Return the regular files of the directory.
        """
        found: dict[str, Version] = {}
        pending = [str(self.directory)]
        prefix = len(f"{self.directory}/")
        while pending:
            try:
                entries = list(os.scandir(pending.pop()))
            except FileNotFoundError:
                continue
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    pending.append(entry.path)
                elif entry.is_file(follow_symlinks=False) and self._is_copied(entry.path):
                    with contextlib.suppress(FileNotFoundError):
                        status = entry.stat(follow_symlinks=False)
                        found[entry.path[prefix:]] = Version(status.st_size, status.st_mtime_ns)
        return found

    def _is_copied(self, path: str) -> bool:
        if path.endswith(_PART) or path in self.unnamed:
            return False
        try:
            path.encode()
        except UnicodeEncodeError:
            self.unnamed.add(path)
            _say(f"{path!r} is not copied: its name is not UTF-8")
            return False
        return True

    def _list(self, names: Collection[str] | None) -> dict[str, Version] | None:
        """
        Return what the remote has of some files, or of all; None where it does not answer.
        """
        words = ["lsjson", "-R", "--files-only", "--no-mimetype", self.remote]
        if names is None or any(map(_is_odd, names)):
            code, answer = self._run(words)
        else:
            code, answer = self._run([*words, "--files-from-raw", "-"], names)
        if code == _NOT_FOUND:
            return {}
        if code:
            return None
        found = versions.listed(answer)
        return {path: found[path] for path in found if not path.endswith(_PART)}

    def _copy(self, source: str, target: str, names: list[str], *options: str) -> bool:
        """
        Copy files by their names; those that a list of lines can't hold one by one.
        """
        odd = [name for name in names if _is_odd(name)]
        plain = [name for name in names if not _is_odd(name)]
        codes = []
        if plain:
            words = ["copy", source, target, "--no-traverse", "--files-from-raw", "-"]
            codes.append(self._run([*words, *_SETTLED, *options], plain)[0])
        for name in odd:
            one, other = (
                f"{side}{'' if side.endswith(':') else '/'}{name}" for side in (source, target)
            )
            codes.append(self._run(["copyto", one, other, *_SETTLED, *options])[0])
        return not any(codes)

    def _run(self, words: list[str], names: Collection[str] = ()) -> tuple[int, bytes]:
        """
        Run rclone; returns its exit code and output. Raises Late and Stop, and it ends with us.
        """
        left = None if self.deadline is None else max(0.1, self.deadline - time.monotonic())
        process = None
        try:
            with self.signals.held():  # a stop must know of it
                process = subprocess.Popen(
                    ["setpriv", "--pdeathsig", "KILL", "--", paths.RCLONE, *words],
                    env=self.variables,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                )
            listing = "".join(f"{name}\n" for name in names).encode()
            answer, _ = process.communicate(listing, left)
        except subprocess.TimeoutExpired as error:
            raise Late from error
        finally:
            if process and process.poll() is None:
                process.kill()
                process.wait()
        return process.returncode, answer

    def _rescue_folder(self) -> Path:
        self.rescued.mkdir(mode=0o700, parents=True, exist_ok=True)
        return self.rescued / time.strftime("%Y-%m-%dT%H%M%SZ", time.gmtime())

    def _note(self, detail: str) -> None:
        if detail not in ("", self.state.detail):
            _say(f"{self.remote} {detail}")
        state = State(detail=detail, pending=self.pending)
        if state != self.state:
            self.state = state
            with contextlib.suppress(OSError):  # /run is full: `status` knows less
                remote_states.write(self.name, state)


def _is_odd(name: str) -> bool:
    return "\n" in name or name.endswith("\r")


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def _say(message: str) -> None:
    print(f"slipway: {message}", file=sys.stderr, flush=True)
