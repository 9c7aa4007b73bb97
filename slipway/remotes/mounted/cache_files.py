"""
The files of a mount's write cache as they lie there, and what rclone's metadata says of them.

rclone keeps a file's content in `vfs/FOLDER/PATH`, sparse, and what it knows of it in
`vfsMeta/FOLDER/PATH`, as JSON: `Size`, `Rs` (the ranges that are there), `Dirty` (not uploaded
yet).
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

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


def items(cache: Path) -> Iterator[Item]:
    """
    Walk over a cache's files, those with content and those with metadata only.
    """
    for folder in sorted(folders(cache)):
        contents, metadata = cache / "vfs" / folder, cache / "vfsMeta" / folder
        sizes = _sizes(contents)
        for path in sorted(sizes.keys() | _sizes(metadata).keys()):
            item = Item(folder, path, sizes.get(path), files.readable(metadata / path))
            if item.size and parsed(item.metadata) is None:
                item = item._replace(has_holes=_has_holes(contents / path, item.size))
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
    typed = is_known and isinstance(known["Size"], int) and isinstance(known["Dirty"], bool)
    return known if typed else None


def is_of_another_form(metadata: bytes | None) -> bool:
    """
    Tell whether metadata is whole, and not what the rclone that we know writes.
    """
    try:
        json.loads(metadata or b"")
    except ValueError:
        return False
    return parsed(metadata) is None


def _has_holes(path: Path, size: int) -> bool:
    """
    Tell whether parts were never written; a file system that can't say it reports none (lseek(2)).
    """
    try:
        with path.open("rb") as stream:
            return os.lseek(stream.fileno(), 0, os.SEEK_HOLE) < size
    except OSError:
        return True  # not known to be whole


def _sizes(root: Path) -> dict[str, int]:
    """
    Return the sizes of the regular files below a folder; rclone makes no others.
    """
    with contextlib.suppress(NotADirectoryError):  # the folder is one below the other top only
        found = walk.files(root)
        return {path: entry.stat(follow_symlinks=False).st_size for path, entry in found}
    return {}


def _directories(root: Path) -> list[os.DirEntry[str]]:
    try:
        return [entry for entry in os.scandir(root) if entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []
