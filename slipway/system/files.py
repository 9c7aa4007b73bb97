"""
The content of a file that may not be there, or may be none: a FIFO would be waited for.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path


def regular(path: Path | str) -> bytes:
    """
    Return a file's content. Raises OSError, also for what is no regular file.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "is no regular file", str(path))
        return stream.read()


def text(path: Path | str) -> str:
    """
    Return a file's text, whatever bytes it has. Raises OSError as `regular` does.
    """
    return regular(path).decode(errors="surrogateescape")


def content(path: Path) -> bytes | None:
    """
    Return a file's content; None where there is no such file. Raises OSError.
    """
    try:
        return regular(path)
    except FileNotFoundError:
        return None


def readable(path: Path) -> bytes | None:
    """
    Return a file's content; None where it can't be read, for whatever reason.
    """
    try:
        return regular(path)
    except OSError:
        return None
