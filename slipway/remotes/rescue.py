"""
Files that are set aside: what can't be proved whole is neither uploaded nor lost.

They lie under `remote/.rescued/NAME/` with the path they had, for their owner to take or to drop.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path, PurePosixPath

_MOST_BYTES = 240  # of a name's 255: room for ~NUMBER


def set_aside(file: Path, root: Path, path: str, *, owner: tuple[int, int] = (-1, -1)) -> Path:
    """
    Move a file below `root` to a name that is free, and return that. Raises OSError.

    An earlier rescue is never overwritten, nor in the way as a file where a directory is needed;
    nor is one that another container makes at the same moment.

    + path: what it was called, relative to its remote
    + owner: uid and gid of the workspace, so that its owner can have it; -1 leaves it
    """
    first = not root.exists()
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    if first:
        os.chown(root, *owner)
    folder = root
    *parents, name = PurePosixPath(path).parts
    for parent in parents:
        folder = next(place for place in _candidates(folder, parent) if _is_directory(place, owner))
    target = next(place for place in _candidates(folder, name) if _is_reserved(place))
    try:
        shutil.move(file, target)
    except OSError:
        target.unlink()
        raise
    os.chown(target, *owner, follow_symlinks=False)
    return target


def found(root: Path) -> list[str]:
    """
    Return the files that are set aside, for all remotes.
    """
    return sorted(
        os.path.join(folder, name)  # noqa: PTH118 - there may be many
        for folder, _, names in os.walk(root)
        for name in names
    )


def _candidates(folder: Path, name: str) -> Iterator[Path]:
    encoded = os.fsencode(name)
    short = name if len(encoded) <= _MOST_BYTES else os.fsdecode(encoded[:_MOST_BYTES])
    yield folder / name
    for number in count(2):
        yield folder / f"{short}~{number}"


def _is_directory(place: Path, owner: tuple[int, int]) -> bool:
    """
    Make a directory unless something else is in its place.
    """
    try:
        place.mkdir(mode=0o700)
    except FileExistsError:
        return place.is_dir() and not place.is_symlink()
    os.chown(place, *owner)
    return True


def _is_reserved(place: Path) -> bool:
    """
    Make an empty file, which the rescued one replaces, unless something is in its place.
    """
    try:
        place.touch(mode=0o600, exist_ok=False)
    except FileExistsError:
        return False
    return True
