"""
The files of a mount's write cache as they lie there, and what rclone's metadata says of them.

rclone keeps a file's content in `vfs/FOLDER/PATH`, sparse, and what it knows of it in
`vfsMeta/FOLDER/PATH`, as JSON: `Size`, `Rs` (the ranges that are there), `Dirty` (not uploaded
yet), `ModTime`. When a file is closed it writes that, and then gives the content the same time. So
a content of another time was not closed, or was changed since.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NamedTuple

from slipway.remotes.moments import SECOND, moment
from slipway.system import files, walk

TOPS = ("vfs", "vfsMeta")
_KNOWN = {"ModTime", "ATime", "Size", "Rs", "Fingerprint", "Dirty"}


class Item(NamedTuple):
    """
    One cached file.
    """

    folder: str  # below vfs: the remote's name, with a hash where it is made of variables
    path: str
    size: int | None  # of the content in bytes; None where there is none
    metadata: bytes | None
    has_holes: bool = False  # in its content; looked for where the metadata does not say it
    is_closed: bool = True  # as its metadata says; False: written to since
    inode: int = 0  # of the content


def items(cache: Path) -> Iterator[Item]:
    """
    Walk over a cache's files, those with content and those with metadata only.
    """
    for folder in sorted(folders(cache)):
        contents, metadata = cache / "vfs" / folder, cache / "vfsMeta" / folder
        lying = _statuses(contents)
        for path in sorted(lying.keys() | _statuses(metadata).keys()):
            status = lying.get(path)
            size = None if status is None else status.st_size
            item = Item(folder, path, size, files.readable(metadata / path))
            item = item._replace(inode=status.st_ino) if status else item
            known = parsed(item.metadata)
            if status and known:
                is_closed = is_of_time(status.st_mtime_ns, known["ModTime"])
                item = item._replace(is_closed=is_closed)
            elif item.size:
                item = item._replace(has_holes=has_holes(contents / path, item.size))
            yield item


def waiting(cache: Path) -> int:
    """
    Return how many files may not be uploaded yet; in a cache that was not repaired, at most.
    """
    return sum(
        item.size is not None and (parsed(item.metadata) or {"Dirty": True})["Dirty"]
        for item in items(cache)
    )


def folders(cache: Path) -> set[str]:
    """
    Return the folders of a cache.
    """
    return {entry.name for top in TOPS for entry in _directories(cache / top)}


def parsed(metadata: bytes | None) -> dict[str, Any] | None:
    """
    Return what rclone wrote; None for anything that is not exactly the form we know.
    """
    try:
        known = json.loads(metadata or b"")
        is_known = set(known) == _KNOWN and all(
            isinstance(part["Pos"], int) and isinstance(part["Size"], int)
            for part in known["Rs"] or []
        )
    except (ValueError, TypeError, KeyError):
        return None
    kinds = {"Size": int, "Dirty": bool, "ModTime": str}
    typed = is_known and all(isinstance(known[key], kind) for key, kind in kinds.items())
    return known if typed else None


def covers(ranges: list[tuple[int, int]], size: int) -> bool:
    """
    Tell whether ranges, each a position and a length, have a file's whole content.
    """
    end = 0
    for position, length in sorted(ranges):
        if position > end:
            return False
        end = max(end, position + length)
    return end >= size


def is_of_time(nanoseconds: int, written: str) -> bool:
    """
    Tell whether a file's time is the one that rclone wrote, as exactly as the volume keeps times.

    + nanoseconds: since 1970, as the file has it
    """
    try:
        given = moment(written)
    except ValueError:
        return False
    grain = next(grain for grain in (SECOND, 1000, 100, 1) if nanoseconds % grain == 0)
    return given - given % grain == nanoseconds


def time_of(nanoseconds: int) -> str:
    """
    Return a time as rclone writes it.
    """
    seconds, rest = divmod(nanoseconds, SECOND)
    date = datetime.fromtimestamp(seconds, timezone.utc).isoformat().removesuffix("+00:00")
    return date + (f".{rest:09}".rstrip("0") if rest else "") + "Z"


def is_of_another_form(metadata: bytes | None) -> bool:
    """
    Tell whether metadata is whole, and not what the rclone that we know writes.
    """
    try:
        json.loads(metadata or b"")
    except ValueError:
        return False
    return parsed(metadata) is None


def has_holes(path: Path, size: int) -> bool:
    """
    Tell whether parts were never written; a file system that can't say it reports none (lseek(2)).
    """
    try:
        with path.open("rb") as stream:
            return os.lseek(stream.fileno(), 0, os.SEEK_HOLE) < size
    except OSError:
        return True  # not known to be whole


def _statuses(root: Path) -> dict[str, os.stat_result]:
    """
    Return what stat(2) says of the regular files below a folder; rclone makes no others.
    """
    with contextlib.suppress(NotADirectoryError):  # the folder is one below the other top only
        return {path: entry.stat(follow_symlinks=False) for path, entry in walk.files(root)}
    return {}


def _directories(root: Path) -> list[os.DirEntry[str]]:
    try:
        return [entry for entry in os.scandir(root) if entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []
