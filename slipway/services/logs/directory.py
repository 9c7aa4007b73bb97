"""
The directory of the logs: which programs have one, and which files each consists of.

NAME.log is a program's newest file, NAME.log.1 the one before it. A rotation renames every file
to the next number.
"""

from __future__ import annotations

import os
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    StrPath = str | os.PathLike[str]
    Generation = tuple[int, int, int]  # index (0 is NAME.log, 1 is NAME.log.1), inode, mtime_ns

GAP = 4  # missing generations in a row that end the search for older ones


def place(usual: StrPath, spare: StrPath) -> StrPath:
    """
    Return where the logs are: elsewhere where supervisord can't write to the usual place.
    """
    is_usual = os.path.isdir(usual) and os.access(usual, os.W_OK)  # noqa: PTH112  # without pathlib
    return usual if is_usual or not os.path.isdir(spare) else spare  # noqa: PTH112  # likewise


def programs(directory: StrPath) -> list[str]:
    """
    Return the names that have a log.
    """
    try:
        entries = os.listdir(directory)  # noqa: PTH208  # without pathlib
    except FileNotFoundError:
        return []
    return sorted({name for name in map(program, entries) if name})


def program(entry: str) -> str:
    """
    Return whose log a directory entry is (NAME.log, NAME.log.3); empty when it is no log.
    """
    head, _, index = entry.rpartition(".")
    file = head if index.isdecimal() else entry
    name = file.removesuffix(".log")
    return name if name != file and name.isprintable() else ""


class Directory:
    """
    The files of every log, by the program's name and the file's index.

    + output: the descriptor that the logs are written to; its file is not to be read
    """

    def __init__(self, path: StrPath, *, output: int | None = None) -> None:
        self.path = os.fspath(path)
        self.own = (0, 0) if output is None else os.fstat(output)[1:3]

    def generations(self, name: str, *, last: int = 0) -> Iterator[Generation]:
        """
        Yield a log's files, the newest first, as far as the one with the inode `last`.

        A symlink is none: /dev/stdout would be followed by what it shows.
        """
        index = missing = 0
        while missing < GAP:
            try:
                there = self.stat(name, index)
            except OSError:
                missing += 1
            else:
                missing = 0
                if stat.S_ISREG(there.st_mode):
                    yield index, there.st_ino, there.st_mtime_ns
                    if there.st_ino == last:
                        return
            index += 1

    def open(self, name: str, index: int = 0) -> int:
        """
        Return a descriptor to read a file with; never one that waits for a writer.
        """
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        return os.open(self._file(name, index), flags)

    def stat(self, name: str, index: int = 0) -> os.stat_result:
        """
        Return what stands under a file's name.
        """
        return os.lstat(self._file(name, index))

    def _file(self, name: str, index: int) -> str:
        return f"{self.path}/{name}.log" + (f".{index}" if index else "")
