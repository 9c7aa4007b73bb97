"""
A directory that is a copy of a remote: what is in it, and how a file gets into it.
"""

from __future__ import annotations

import contextlib
import filecmp
import os
import re
import shutil
import stat
from pathlib import Path, PurePosixPath

from slipway.remotes.copied.versions import Version
from slipway.system import walk

PART = ".slipwaypart"  # ends the names of what is on its way: no files of the user's, here or there

_PICTURES = {code: 0x2400 + code for code in range(1, 32)} | {0x7F: 0x2421}
_CONTROLS = {picture: code for code, picture in _PICTURES.items()}
_QUOTE = "\u201b"  # rclone's, before a picture that is meant as one
_UNUSUAL = r"[\x01-\x1f\x7f\u201b\u2401-\u241f\u2421\ud800-\udfff]"
_LOST = r"[\u201b\u2401-\u241f\u2421\ud800-\udfff]"  # and what is no UTF-8


def is_part(path: str) -> bool:
    """
    Tell whether a path, or a directory on the way to it, is ours.
    """
    return f"{PART}/" in f"{path}/"


def look(directory: Path) -> dict[str, Version]:
    """
    Return the regular files of a directory; links are not followed. Raises OSError.
    """
    found: dict[str, Version] = {}
    for path, entry in walk.files(directory, is_skipped=lambda name: name.endswith(PART)):
        with contextlib.suppress(FileNotFoundError):
            status = entry.stat(follow_symlinks=False)
            found[path] = Version(status.st_size, status.st_mtime_ns)
    return found


def version(file: Path) -> Version | None:
    """
    Return what a file is now; None where there is none. Raises OSError.
    """
    try:
        status = file.lstat()
    except FileNotFoundError:
        return None
    return Version(status.st_size, status.st_mtime_ns)


def to_rclone(path: str) -> str:
    """
    Return what rclone calls a file of this machine; "" where that would not lead back to it.

    Control characters are pictures to rclone, so that a name is always one line of a list.
    """
    if not re.search(_UNUSUAL, path):
        return path
    return "" if re.search(_LOST, path) else path.translate(_PICTURES)


def from_rclone(path: str) -> str:
    """
    Return the name on this machine of what rclone calls so; "" where there is none.
    """
    return "" if _QUOTE in path else path.translate(_CONTROLS)


def is_equal(one: Path, other: Path) -> bool:
    """
    Tell whether two files are there and have the same content. Raises OSError.
    """
    try:
        return filecmp.cmp(one, other, shallow=False)
    except FileNotFoundError:
        return False


def is_blocked(directory: Path, path: str) -> bool:
    """
    Tell whether a file can't have its place: a link, or something else, is there or on the way.

    What lies behind a link is not the remote's, and a path that climbs out is nobody's.
    """
    parts = PurePosixPath(path).parts
    if not parts or ".." in parts or path.startswith("/"):
        return True
    place = directory
    for number, part in enumerate(parts, 1):
        place /= part
        try:
            mode = place.lstat().st_mode
        except FileNotFoundError:
            return False
        except NotADirectoryError:
            return True
        if not (stat.S_ISDIR(mode) if number < len(parts) else stat.S_ISREG(mode)):
            return True
    return False


def put(new: Path, target: Path) -> Version | None:
    """
    Put a file where there is none; returns what it is, None where one came first. Raises OSError.
    """
    status = new.lstat()  # before anybody can edit it
    try:
        os.link(new, target)
    except FileExistsError:
        return None
    except OSError:  # a file system without hard links, or another one is mounted below
        if os.path.lexists(target):
            return None
        draft = target.with_name(f".moved{PART}")
        shutil.move(new, draft)
        draft.rename(target)
    return Version(status.st_size, status.st_mtime_ns)
