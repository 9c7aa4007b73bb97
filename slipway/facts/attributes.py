"""
Attributes of files (chattr(1)): what is immutable can't be replaced, nor given another mode.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import struct
from functools import partial

from pyinfra.api import FactBase, QuoteString, StringCommand

from slipway.connectors.native import Inside, Result
from slipway.system.bounded_files import BoundedFiles

_GET = 0x80086601  # FS_IOC_GETFLAGS of linux/fs.h
_FLAGS = {"i": 0x10, "a": 0x20}
_WORDS = {"i": "is immutable (chattr +i)", "a": "can only be appended to (chattr +a)"}


class Unchangeable(FactBase[dict[str, str]]):
    """
    Returns what keeps root himself from changing each of several paths; others are left out.
    """

    default = dict

    def command(self, paths: list[str]) -> StringCommand:
        """Have lsattr list them: flags, a space, the path."""
        words = map(QuoteString, paths)
        command = StringCommand("lsattr", "-d", "--", *words, "2>/dev/null", "||", "true")
        return Inside(command, lambda: _listed(paths))

    def process(self, output: list[str]) -> dict[str, str]:
        """Take the two flags that count."""
        found = (line.partition(" ")[::2] for line in output)
        return {
            path.strip(): _WORDS[letter]
            for flags, path in found
            for letter in reversed(_WORDS)
            if letter in flags
        }


def _listed(paths: list[str]) -> Result:
    """
    Do what the command does, of these two flags.
    """
    lines, files = [], BoundedFiles()
    for path in paths:
        with contextlib.suppress(OSError):  # nothing there, or a filesystem without such flags
            flags = files.ask(partial(_flags, path), path)
            letters = "".join(letter for letter, bit in _FLAGS.items() if flags & bit)
            lines.append(f"-{letters} {path}\n")
    return Result("".join(lines).encode(errors="surrogateescape"))


def _flags(path: str) -> int:
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
    try:
        return int(struct.unpack("l", fcntl.ioctl(descriptor, _GET, bytes(8)))[0])
    finally:
        os.close(descriptor)
