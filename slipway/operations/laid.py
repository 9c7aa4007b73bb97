"""
Files of ours that somebody else has changed: what they held is kept, and they are named once.

A record says what we laid where. A file that is still that, and not what this version lays, is ours
of an older version; any other content is somebody's work. While an image is built, a file without
a record is the base's.

The record is there before the files are: it has what is laid now, and what is there until then. So
whenever a run is killed, the old file and the new one are known as ours.
"""

from __future__ import annotations

import contextlib
import os
import posixpath
import re
import shlex
from collections.abc import Generator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from pyinfra import host
from pyinfra.api import QuoteString, StringCommand

from slipway.contract.paths import LAID, REPLACED, RUN
from slipway.facts.files import FileState, FileStates, FileText
from slipway.facts.mounts import Mounts
from slipway.operations import foresight
from slipway.operations.degraded import note
from slipway.operations.mounted import writable
from slipway.system import aside, mountinfo
from slipway.system.atomic import sync, temporary
from slipway.system.bounded_files import BoundedFiles

_OURS = ("/etc/", "/usr/", "/var/")  # elsewhere is what belongs to one start, or to the user
_LARGEST = 1 << 20  # bytes of a file that is kept: ours have a few hundred
_VERSIONS = 20  # of one file, beside the last
# A link is kept as one. What is no file holds nothing, and to read it might take for ever.
_KEEP = f"""
{{ [ -L "$place" ] || {{ [ -f "$place" ] &&
[ "$(stat -c %s -- "$place")" -le {_LARGEST} ]; }}; }} && {{
mkdir -p -- "${{copy%/*}}" && {{ {{ [ ! -L "$place" ] && cmp -s -- "$place" "$copy"; }} || {{
kind=numbered; [ "$(ls -d -- "$copy".~*~ 2>/dev/null | wc -l)" -lt {_VERSIONS} ] || kind=none
cp -pPT --backup=$kind -- "$place" "$copy"; }}; }}; }} || true"""
_LINE = r"([0-9a-f]{64})  (/.+)"  # as sha256sum(1) writes it


class Record(NamedTuple):
    """
    What we laid: the digests of each path, the newest one last.
    """

    place: str = str(LAID)
    known: Mapping[str, Sequence[str]] = {}

    def ahead(self, laid: Mapping[str, str], seen: Mapping[str, FileState]) -> RecordDraft | None:
        """
        Return the record as it must be before files are laid; None where it stays as it is.

        + laid: what is laid now, by path, as sha256
        + seen: what is there at these paths
        """
        ours = {path: digest for path, digest in laid.items() if path.startswith(_OURS)}
        if foresight.plan() is None or all(
            self.known.get(path, [""])[-1] == digest for path, digest in ours.items()
        ):
            return None
        digests = dict(self.known)
        for path, digest in ours.items():
            there = seen[path].sha256 if path in seen else ""
            is_ours = there in self.known.get(path, ()) and there != digest
            digests[path] = [there, digest] if is_ours else [digest]
        lines = [f"{digest}  {path}\n" for path in sorted(digests) for digest in digests[path]]
        return RecordDraft(self.place, "".join(lines).encode(errors="surrogateescape"))

    def changed(self, seen: Mapping[str, FileState]) -> list[str]:
        """
        Return which of these files somebody has changed.

        + seen: those that are to be replaced
        """
        if foresight.plan() is None:
            return []
        is_build = not host.data.get("live")
        return [
            path
            for path, state in seen.items()
            if state.type != "directory" and path.startswith(_OURS)  # that is moved aside
            if state.sha256 not in self.known.get(path, [state.sha256] if is_build else [])
        ]

    def name_removed(self, paths: Sequence[str]) -> None:
        """
        Say of files that are not there that they have been, unless a mount has taken their place.

        + paths: those that are to be laid
        """
        if foresight.plan() is None:
            return
        mounts = host.get_fact(Mounts)
        for path in paths:
            around = mountinfo.holding(mounts, path)
            is_gone = path in self.known and (not around or around.point == "/")
            if is_gone and path.startswith(_OURS):
                note(path, "Slipway's again, as somebody had removed it")


class RecordDraft(NamedTuple):
    """
    The record's new content, on its way.

    It waits in /run, where it can always be written. That it can't be put in its place is said
    after the files are laid: these must not wait for it.
    """

    place: str
    content: bytes

    @property
    def path(self) -> str:
        """Return where it waits."""
        return temporary(str(RUN / "record"))

    def steps(self) -> list[object]:
        """
        Return the words for a shell that move it; `$recorded` says how that went.
        """
        draft, beside, place = map(QuoteString, (self.path, temporary(self.place), self.place))
        # fmt: off
        return [
            "recorded=0; { mkdir -p --", QuoteString(posixpath.dirname(self.place)),
            "&& (for place in", beside, place, '; do [ ! -d "$place" ] || [ -L "$place" ]',
            '|| mv -T --backup=numbered -- "$place" "$place.replaced" || exit 1; done)',
            "&& mv -f -T --", draft, beside, "&& sync", beside, "&& mv -T --", beside, place,
            "; } || { recorded=$?; rm -f --", draft, beside, "|| true; };",
        ]
        # fmt: on

    def move(self) -> OSError | None:
        """
        Do the same; returns why it could not be done.
        """
        try:
            BoundedFiles().ask(partial(self._move, Path(temporary(self.place))), self.place)
        except OSError as error:
            return error
        return None

    def _move(self, beside: Path) -> None:
        try:
            beside.parent.mkdir(parents=True, exist_ok=True)
            for place in (beside, Path(self.place)):
                if place.is_dir() and not place.is_symlink():
                    aside.keep(place, suffix="replaced")
            beside.unlink(missing_ok=True)
            with os.fdopen(
                os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"
            ) as stream:
                stream.write(self.content)
                stream.flush()
                sync(stream.fileno())
            Path(self.path).unlink(missing_ok=True)  # now: with the record in place none comes back
            beside.rename(self.place)
        except OSError:
            for draft in (Path(self.path), beside):
                with contextlib.suppress(OSError):
                    draft.unlink()
            raise


def record() -> Record:
    """
    Return what we laid. Without a plan nobody would read a note, and none is kept.
    """
    if foresight.plan() is None:
        return Record()
    place = writable(host.get_fact(Mounts), str(LAID))
    known: dict[str, list[str]] = {}
    for line in host.get_fact(FileText, path=place).splitlines():
        if found := re.fullmatch(_LINE, line):
            known.setdefault(found[2], []).append(found[1])
    return Record(place, known)


def keep(paths: list[str]) -> Generator[StringCommand]:
    """
    Keep what files hold, and name them: the last version, and those before it as `.~1~` and so on.

    They keep their modes below a directory of root's alone. One that can't be kept is replaced all
    the same: SSH must not wait for room.
    """
    if not paths:
        return
    root = QuoteString(str(REPLACED))
    yield StringCommand("mkdir", "-p", root, "&&", "chmod", "00700", root, "||", "true")
    for path in paths:
        yield StringCommand(
            f"place={shlex.quote(path)};", f"copy={shlex.quote(copy_of(path))};", _KEEP
        )
    kept = host.get_fact(FileStates, paths=[copy_of(path) for path in paths])
    for path in paths:
        where = f"is in {copy_of(path)}" if copy_of(path) in kept else "could not be kept"
        note(path, f"Slipway's again, as somebody had changed it; what it held {where}")


def name_aside(path: str) -> None:
    """
    Say that a directory in a file's place is kept beside it, unless it was empty.
    """
    if path.startswith(_OURS):
        words = "Slipway's again, as somebody had made a directory of it; what that held is in"
        note(path, f"{words} {path}.replaced")


def copy_of(path: str) -> str:
    """
    Return where a file's content is kept.
    """
    return f"{REPLACED}{path}"
