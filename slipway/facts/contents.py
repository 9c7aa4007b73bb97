"""
Files that say what a container is, as the connector of those seen from outside asks for them.
"""

from __future__ import annotations

import os
import stat

from pyinfra.api import FactBase, QuoteString, StringCommand

from slipway.connectors.native import Inside, Result
from slipway.system.bounded_files import BoundedFiles

_MOST = 1 << 22  # bytes that a process reads; a shell hands more on without holding it


class Content(FactBase[list[str]]):
    """
    Returns a file's lines.
    """

    default = list

    def command(self, path: str) -> StringCommand:
        """Print it."""
        command = StringCommand("LC_ALL=C", "cat", "--", QuoteString(path))
        return Inside(command, lambda: _read(path))

    def process(self, output: list[str]) -> list[str]:
        """Take them as they are."""
        return output


class RealPath(FactBase[str]):
    """
    Returns a path without links; what is not there is kept as it is named.
    """

    default = str

    def command(self, path: str) -> StringCommand:
        """Ask for it with a zero byte after it: a name may end with a newline."""
        command = StringCommand("LC_ALL=C", "realpath", "-mz", "--", QuoteString(path))
        return Inside(command, lambda: _resolved(path))

    def process(self, output: list[str]) -> str:
        """Take off the zero byte."""
        return "\n".join(output).removesuffix("\0")


def _read(path: str) -> Result:
    """
    Do what `cat` does. Raises ValueError for what only a shell is to read: a FIFO has no end.
    """
    files = BoundedFiles()
    try:
        status = files.stat(path)
        if stat.S_ISREG(status.mode) and status.size < _MOST:
            return Result(files.read(path))
    except OSError as error:
        complaint = f"cat: {path}: {os.strerror(error.errno or 0)}\n"
        return Result(b"", complaint.encode(errors="surrogateescape"), code=1)
    raise ValueError(path)


def _resolved(path: str) -> Result:
    """
    Do what `realpath` does. Raises ValueError for links that lead in a circle: it has words for it.
    """
    files = BoundedFiles()
    real = files.realpath(path)
    try:
        is_link = stat.S_ISLNK(files.lstat(real).mode)
    except (FileNotFoundError, NotADirectoryError):
        is_link = False
    if is_link:
        raise ValueError(path)
    return Result(f"{real}\0".encode(errors="surrogateescape"))
