"""
rclone's configuration file where it is no file, or is mounted by itself and can't be replaced.

rclone waits for ever for a FIFO. It moves the file to another name and a new one into its place. A
file that is a mount point can't be moved (rename(2), EBUSY): rclone tries for ten seconds, fails
with exit code 0, and leaves an empty file for each try.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path

from slipway.system import files, mountinfo
from slipway.system.mountinfo import Mount

WAY_OUT = "mount the directory that it is in, as `-v DIRECTORY:/etc/rclone`"
# What has rclone write the file, and exit with 0 where it could not
_WRITING = [
    ["create"], ["update"], ["delete"], ["password"], ["reconnect"], ["disconnect"],
    ["encryption", "set"], ["encryption", "remove"],
]  # fmt: skip
_TRY = r"\.old[0-9]{1,10}"  # behind the file's name: Go's os.CreateTemp


def is_mounted(mounts: Iterable[Mount], path: str) -> bool:
    """
    Tell whether a canonical path is a mount of its own.
    """
    return any(mount.point == path for mount in mounts)


def complaint(configured: str) -> str:
    """
    Return why rclone would wait for ever for its file; "" where it would not, or there is none.
    """
    try:
        status = os.stat(configured)  # noqa: PTH116 - "" is no path; to Path it is a directory
    except OSError:
        return ""  # rclone names what it is
    is_file = stat.S_ISREG(status.st_mode) and status.st_size <= files.LARGEST
    is_nothing = os.path.realpath(configured) == os.devnull
    return "" if is_file or is_nothing else f"{configured} is no file that rclone can read"


def is_leftover(path: str, of: str) -> bool:
    """
    Tell whether a file's name is one that rclone gives it, when it replaces another file.
    """
    return re.fullmatch(re.escape(of) + _TRY, path) is not None


def why_unsaved(configured: str, arguments: Sequence[str]) -> str:
    """
    Return why rclone has not saved its configuration; "" where it has, or did not want to.

    + arguments: with which it was run
    """
    try:
        if clear(configured):
            return f"it is mounted as a single file; {WAY_OUT}"
    except OSError:
        pass  # there is no such directory, or it is read-only: see below
    directory = os.path.dirname(os.path.realpath(configured))  # noqa: PTH120 - a string
    words = [word for word in arguments if not word.startswith("-")]
    is_writing = words[:1] == ["config"] and any(
        words[1 : 1 + len(each)] == each for each in _WRITING
    )
    if is_writing and os.path.isdir(directory) and not os.access(directory, os.W_OK):  # noqa: PTH112
        return f"{directory} can't be written to"
    return ""


def clear(configured: str) -> int:
    """
    Take away what rclone has left beside a file that is mounted; returns how many there were.
    """
    path = os.path.realpath(configured)
    mounts = mountinfo.here()
    if not is_mounted(mounts, path):
        return 0
    return _clear(Path(path))


def _clear(path: Path) -> int:
    empty = [
        Path(entry.path)
        for entry in os.scandir(path.parent)
        if is_leftover(entry.path, str(path))
        and entry.is_file(follow_symlinks=False)
        and not entry.stat(follow_symlinks=False).st_size
    ]
    for file in empty:
        file.unlink(missing_ok=True)
    return len(empty)
