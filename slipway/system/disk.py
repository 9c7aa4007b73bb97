"""
Room on the volume that a path lies on (statvfs(3)).
"""

from __future__ import annotations

import os
from pathlib import Path

from slipway.system.bounded_files import BoundedFiles

_BOUND = 1.0  # seconds: health has few
_SHARE = 20  # a twentieth of the volume is kept free, as ext4 keeps it for root
_MOST = 10 << 30  # bytes: of a large volume, that is enough for everybody else


def floor(path: Path) -> int:
    """
    Return how many bytes caches have to leave free on a path's volume; 0 where it can't be asked.
    """
    try:
        size, _ = _room(path)
    except OSError:
        return 0
    return min(_MOST, size // _SHARE)


def spare(path: Path) -> int | None:
    """
    Return how many bytes are free beyond what caches have to leave; None where it can't be asked.
    """
    try:
        size, free = _room(path)
    except OSError:
        return None
    return free - min(_MOST, size // _SHARE)


def shortage(path: Path) -> str:
    """
    Say that less is free than caches have to leave; "" where there is room.
    """
    try:
        _, free = _room(path)
    except OSError:
        return ""
    wanted = floor(path)
    if free >= wanted:
        return ""
    return f"{free >> 20} MiB are free on its volume, of {wanted >> 20} that it should leave"


def _room(path: Path) -> tuple[int, int]:
    """
    Return the size of a path's volume, and what is free there for users. Raises OSError.
    """

    def look() -> tuple[int, int]:
        volume = os.statvfs(_existing(path))
        return volume.f_blocks * volume.f_frsize, volume.f_bavail * volume.f_frsize

    size, free = BoundedFiles(bound=_BOUND).ask(look, str(path))
    return size, free


def _existing(path: Path) -> Path:
    return next((place for place in (path, *path.parents) if os.path.lexists(place)), Path("/"))
