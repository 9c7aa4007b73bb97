"""
Two limits that the engine sets low, and that programs for GPUs run into.

InfiniBand's libraries lock the memory that they transfer, and processes that load data share it
through /dev/shm, of which Docker gives 64 MB. Neither can be changed from inside.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

from slipway.system import pid_one

SHARED = "/dev/shm"  # noqa: S108 - the file system that is looked at

_MEGABYTE = 1 << 20
_FEW = 64 * _MEGABYTE  # Docker's own default
_ENOUGH = 1 << 36  # bytes locked: more than any card's memory


class Room(NamedTuple):
    """
    Bytes of each; None where there is no limit, or none that is known.
    """

    locked: int | None
    shared: int | None


def look(root: str = "") -> Room:
    """
    Look at this container.

    + root: where its files are
    """
    try:
        text = pid_one.path("limits", Path(root + "/proc")).read_text()  # what services have
    except OSError:
        text = ""
    found = re.search(r"^Max locked memory\s+(\d+)", text, re.MULTILINE)
    try:
        status = os.statvfs(root + SHARED)
    except OSError:
        shared = 0
    else:
        shared = status.f_blocks * status.f_frsize
    return Room(int(found[1]) if found else None, shared)


def of_locked(room: Room) -> tuple[bool, str]:
    """
    Tell whether memory may be locked, and say how much.
    """
    if room.locked is None:
        return True, "without limit"
    told = _text(room.locked)
    if room.locked >= _ENOUGH:
        return True, told
    return False, f"{told}: too small for InfiniBand; run the container with --ulimit memlock=-1"


def of_shared(room: Room) -> tuple[bool, str]:
    """
    Tell whether processes may share memory, and say how much.
    """
    if not room.shared:
        return False, f"no {SHARED}: processes can't share memory"
    told = f"{_text(room.shared)} in {SHARED}"
    if room.shared > _FEW:
        return True, told
    return False, (
        f"{told}: data loaders with several processes need more; "
        "run the container with --shm-size 8g"
    )


def _text(number: int) -> str:
    if number < _MEGABYTE:
        return f"{number // 1024} kB"
    return f"{number // _MEGABYTE} MB"
