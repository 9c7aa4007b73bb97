"""
Files of ours that somebody else has changed: what they held is kept, and they are named once.

A record says what we laid where. A file that is still that, and not what this version lays, is ours
of an older version; any other content is somebody's work. While an image is built, a file without
a record is the base's.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Generator, Mapping

from pyinfra import host
from pyinfra.api import QuoteString, StringCommand

from slipway.contract.paths import LAID, REPLACED
from slipway.facts.files import FileState, FileStates, FileText
from slipway.operations import foresight
from slipway.operations.degraded import note

_OURS = ("/etc/", "/usr/", "/var/")  # elsewhere is what belongs to one start, or to the user
_LARGEST = 1 << 20  # bytes of a file that is kept: ours have a few hundred
_LINE = r"([0-9a-f]{64})  (/.+)"  # as sha256sum(1) writes it


def record() -> dict[str, str]:
    """
    Return what we laid, by path. Without a plan nobody would read a note, and none is kept.
    """
    if foresight.plan() is None:
        return {}
    lines = host.get_fact(FileText, path=str(LAID)).splitlines()
    found = (re.fullmatch(_LINE, line) for line in lines)
    return {line[2]: line[1] for line in found if line}


def recorded(known: Mapping[str, str], laid: Mapping[str, str]) -> bytes:
    """
    Return the new content of the record; b"" where it stays as it is.

    + laid: what is laid now, by path, as sha256
    """
    ours = {path: digest for path, digest in laid.items() if path.startswith(_OURS)}
    if foresight.plan() is None or not ours.items() - known.items():
        return b""
    entries = sorted({**known, **ours}.items())
    return "".join(f"{digest}  {path}\n" for path, digest in entries).encode()


def changed(known: Mapping[str, str], seen: Mapping[str, FileState]) -> list[str]:
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
        if state.sha256 and path.startswith(_OURS)
        if known.get(path, state.sha256 if is_build else "") != state.sha256
    ]


def keep(paths: list[str]) -> Generator[StringCommand]:
    """
    Keep what files hold, one version of each, and name them.

    They keep their modes below a directory of root's alone. One that can't be kept is replaced all
    the same: SSH must not wait for room.
    """
    if not paths:
        return
    root = QuoteString(str(REPLACED))
    yield StringCommand("mkdir", "-p", root, "&&", "chmod", "700", root, "||", "true")
    for path in paths:
        place, copy = QuoteString(path), QuoteString(copy_of(path))
        # fmt: off
        yield StringCommand(
            '[ "$(stat -c %s --', place, f')" -gt {_LARGEST} ] || {{',
            "mkdir", "-p", "--", QuoteString(posixpath.dirname(copy_of(path))),
            "&&", "cp", "-p", "--", place, copy, ";", "}", "||", "true",
        )
        # fmt: on
    kept = host.get_fact(FileStates, paths=[copy_of(path) for path in paths])
    for path in paths:
        where = f"is in {copy_of(path)}" if copy_of(path) in kept else "could not be kept"
        note(path, f"Slipway's again, as somebody had changed it; what it held {where}")


def copy_of(path: str) -> str:
    """
    Return where a file's content is kept.
    """
    return f"{REPLACED}{path}"
