"""
Whether a mount keeps what is read in its cache.

rclone looks from time to time whether the cache leaves enough room, but it does not empty a file of
which a part is being read, and of a file that is read to its end one always is. It does so when it
finds no room, and then nobody else's write finds any, either. Measured with rclone 1.75.2,
1 GB read on a volume of 200 MB: whatever the interval (0.1 to 5 s) and the room that is to be left
(10 to 60 MB), the volume was full for moments. So where there is little room, files that are only
read come straight from the remote; those that are written are cached as everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from slipway.system import disk, walk

POLL = "1s"  # between two looks where there is little: what is uploaded goes at once
FULL, WRITES = "full", "writes"  # rclone's words
LEAST = 4 << 30  # bytes of room, below which one large file would fill it
_GIVEN = ("RCLONE_VFS_CACHE_MIN_FREE_SPACE", "RCLONE_VFS_CACHE_MAX_SIZE")
_BLOCK = 512  # bytes, in which stat(2) counts


def options(mode: str, given: Mapping[str, str]) -> dict[str, str]:
    """
    Return the variables that go with a mode; the user's own win.
    """
    poll = "RCLONE_VFS_CACHE_POLL_INTERVAL"
    return {poll: POLL} if mode == WRITES and not given.get(poll) else {}


def mode(cache: Path, given: Mapping[str, str]) -> str:
    """
    Return rclone's cache mode for a mount that begins now. Raises OSError.

    + given: the container's variables: who says how large the cache may be has it
    """
    if any(given.get(name) for name in _GIVEN):
        return FULL
    spare = disk.spare(cache)
    if spare is None or spare >= LEAST or spare + _held(cache) >= LEAST:
        return FULL
    return WRITES


def _held(cache: Path) -> int:
    """
    Return how many bytes the cache has on its volume, which it gives up for others.
    """
    entries = walk.files(cache)
    return sum(entry.stat(follow_symlinks=False).st_blocks * _BLOCK for _, entry in entries)
