"""
The content of a file that may not be there, or be none.

Anybody may put a FIFO, a device or gigabytes in a file's place. Opening the first would wait for
ever, and reading the others would fill the memory.
"""

from __future__ import annotations

import errno
import os
import stat

TYPE_CHECKING = False  # typing takes its time, and supervisord's smallest parts read files, too
if TYPE_CHECKING:
    from pathlib import Path

LARGEST = 16 << 20  # bytes of a file that is read whole
_PART = 1 << 18  # bytes: /proc/sys has no memory for megabytes
_NULL = os.makedev(1, 3)  # /dev/null, which is mounted over what should be empty
_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_KINDS = {
    stat.S_IFIFO: "is a FIFO",
    stat.S_IFSOCK: "is a socket",
    stat.S_IFCHR: "is a device",
    stat.S_IFBLK: "is a device",
}


def read(path: str | os.PathLike[str]) -> bytes:
    """
    Return the content of a regular file. Raises OSError, also for one that is larger than LARGEST.
    """
    status = os.stat(path)  # noqa: PTH116 - a start has no need of a Path
    if words := _KINDS.get(stat.S_IFMT(status.st_mode)):
        if _is_null(status):
            return b""
        raise OSError(errno.EINVAL, words, str(path))
    descriptor = os.open(path, _FLAGS)
    try:
        content, size = bytearray(), status.st_size
        while max(size, len(content)) <= LARGEST and (part := os.read(descriptor, _PART)):
            content += part
    finally:
        os.close(descriptor)
    if max(size, len(content)) > LARGEST:
        raise OSError(errno.EFBIG, f"is larger than {LARGEST >> 20} MB", str(path))
    return bytes(content)


def endless(path: str | os.PathLike[str]) -> str:
    """
    Return what a path is where who reads it may wait for ever, or never come to an end.

    That is "is a FIFO" or "is a device"; "" for all else, and where nothing is.
    """
    try:
        status = os.stat(path)  # noqa: PTH116 - as above
    except OSError:
        return ""
    is_none = _is_null(status) or stat.S_ISSOCK(status.st_mode)  # nobody can open a socket
    return "" if is_none else _KINDS.get(stat.S_IFMT(status.st_mode), "")


def _is_null(status: os.stat_result) -> bool:
    return status.st_rdev == _NULL and stat.S_ISCHR(status.st_mode)


def text(path: str | os.PathLike[str]) -> str:
    """
    Return a file's text, whatever bytes it has. Raises OSError as `read` does.
    """
    return read(path).decode(errors="surrogateescape")


def shown(path: str | os.PathLike[str]) -> str:
    """
    Return a file's text as it may be shown; "" where it can't be read, for whatever reason.
    """
    try:
        return read(path).decode(errors="replace")
    except OSError:
        return ""


def content(path: Path) -> bytes | None:
    """
    Return a file's content; None where there is no such file. Raises OSError.
    """
    try:
        return read(path)
    except FileNotFoundError:
        return None


def readable(path: Path) -> bytes | None:
    """
    Return a file's content; None where it can't be read, for whatever reason.
    """
    try:
        return read(path)
    except OSError:
        return None
