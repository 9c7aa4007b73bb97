"""
Whether a remote has a file as it was written here.

Sizes and times are compared, as rclone gives an upload the time of the last write. A remote that
keeps whole seconds has a time less than a second away.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from slipway.remotes.moments import SECOND, moment
from slipway.remotes.mounted import cache_files
from slipway.system import files

_FINE = 0.001  # seconds: of a remote that keeps parts of them


class Likeness(enum.Enum):
    """
    What a remote has, compared with what is here.
    """

    SAME = enum.auto()
    OLDER = enum.auto()  # or nothing: what is here has not arrived
    NEWER = enum.auto()  # somebody else's


class Version(NamedTuple):
    """
    A file as it is somewhere.
    """

    size: int
    time: float  # of its last change, in seconds


def read(content: Path, metadata: Path) -> Version | None:
    """
    Return a cached file that counts as uploaded; None where it does not, or is gone.
    """
    known = cache_files.parsed(files.readable(metadata))
    if known is None or known["Dirty"]:
        return None
    try:
        return Version(content.stat().st_size, moment(known["ModTime"]) / SECOND)
    except (OSError, ValueError):
        return None


def ask(asked: Callable[..., dict[str, Any]], name: str, path: str) -> Version | None:
    """
    Return what a remote has of a path; None where it has nothing. Raises OSError.
    """
    answer = asked("operations/stat", fs=f"{name}:", remote=path, opt={"filesOnly": True})
    found = answer.get("item")
    if not found:
        return None
    return Version(int(found["Size"]), moment(found["ModTime"]) / SECOND)


def likeness(here: Version, there: Version | None) -> Likeness:
    """
    Compare them; what has another size, and its time, was not written here.
    """
    if there is None:
        return Likeness.OLDER
    difference = there.time - here.time
    exact = _FINE if there.time % 1 else 1.0
    if abs(difference) < exact:
        return Likeness.SAME if here.size == there.size else Likeness.OLDER
    return Likeness.NEWER if difference > 0 else Likeness.OLDER
