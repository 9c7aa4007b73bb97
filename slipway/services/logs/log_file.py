"""
One program's log, read to its end across the files that a rotation makes of it.

A line without its end stays in the file and is read again, so that nothing is held in memory
between two looks. The one exception is a line whose beginning is in a rotated file.
"""

from __future__ import annotations

import os
import time

from slipway.services.logs import last_lines
from slipway.services.logs.positions import MARK, NOWHERE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from slipway.services.logs.directory import Directory, Generation
    from slipway.services.logs.positions import Position

LATE = 5  # seconds after which a file that was just read was not just written: it was moved here
CHUNK = 64 * 1024  # bytes read at once; a line longer than that is written in pieces


class MovedError(Exception):
    """
    The file under a log's name became another while we looked.
    """


class LogFile:
    """
    The file that is being read, and how far it has been written out.
    """

    __slots__ = (
        "behind", "carry", "descriptor", "directory", "inode", "is_live", "mark", "name", "offset",
        "resume",
    )  # fmt: skip

    def __init__(
        self,
        directory: Directory,
        name: str,
        position: Position = NOWHERE,
        *,
        is_live: bool = False,
    ) -> None:
        self.directory = directory
        self.name = name
        self.descriptor = -1
        self.inode, self.offset, self.mark, behind = position
        self.behind = behind  # inode and mtime of the file before this one: read to its end
        self.carry = b""  # a line whose beginning is at the end of the file before this one
        self.resume: Position | None = None  # where that beginning is
        self.is_live = is_live  # what comes next was written while we watched

    def position(self) -> Position:
        """
        Return where to go on reading after a restart.
        """
        return self.resume or (self.inode, self.offset, self.mark, self.behind)

    def restart(self, inode: int = 0) -> None:
        """
        Go to the beginning of a file; of the next that will be found, when none is given.
        """
        self.inode, self.offset, self.mark = inode, 0, b""

    def rewind(self, lines: int) -> None:
        """
        Go to the beginning of the last lines.
        """
        self.inode, self.offset, self.mark = last_lines.beginning(
            self.directory, self.name, lines=lines
        )

    def open(self) -> bool:
        """
        Open the file to go on in: the one we were in, else the oldest that we haven't read.

        Raises MovedError where it was rotated meanwhile, OSError where it can't be opened.
        """
        files = list(self.directory.generations(self.name))
        at = next((i for i, (_, inode, _) in enumerate(files) if inode == self.inode), -1)
        if at < 0:
            self.restart()
            read = next((i for i, file in enumerate(files) if file[1:] == self.behind), len(files))
            at = read - 1
        if at < 0:
            return False
        index, inode, _ = files[at]
        descriptor = self.directory.open(self.name, index)
        there = os.fstat(descriptor)
        if there[1:3] == self.directory.own:  # what we write would be read again, for ever
            os.close(descriptor)
            return False
        if there.st_ino != inode:
            os.close(descriptor)
            raise MovedError
        if at + 1 < len(files):
            self.behind = files[at + 1][1:]
        self.inode, self.descriptor = inode, descriptor
        return True

    def close(self) -> None:
        """
        Give the descriptor back; the position stays.
        """
        os.close(self.descriptor)
        self.descriptor = -1

    def read(self) -> bytes:
        """
        Return what comes next in the file, a chunk at most; it is read again until `passed`.
        """
        start = self.offset - len(self.mark)
        data = os.pread(self.descriptor, len(self.mark) + CHUNK, start)
        if not data.startswith(self.mark):  # truncated
            self.restart(self.inode)
            data = os.pread(self.descriptor, CHUNK, 0)
        return data[len(self.mark) :]

    def passed(self, data: bytes) -> None:
        """
        Go to the end of what has been written out, the carry before it included.
        """
        self.offset += len(data)
        self.mark = (self.mark + data)[-MARK:]
        self.carry = b""
        self.resume = None

    def second(self) -> int | None:
        """
        Return when what comes next was written; None where that is not known.

        The file's own time is that of its last line only: that of the others, too, if all of them
        were written since we looked, which was a moment ago.
        """
        if not self.is_live or self.descriptor < 0:
            return None
        now, written = int(time.time()), int(os.fstat(self.descriptor).st_mtime)
        return min(now, written) if written >= now - LATE else None

    def newer(self) -> list[Generation]:
        """
        Return the log's files as far as ours, the newest first; none when ours was deleted.
        """
        files = list(self.directory.generations(self.name, last=self.inode))
        return files if files and files[-1][1] == self.inode else []

    def step(self, newer: Sequence[Generation], data: bytes) -> bool:
        """
        Go on in the next file, of a log that was rotated; returns False where it moved meanwhile.

        Raises OSError where the next file can't be opened.

        + newer: the files as far as ours
        + data: the end of ours: a last line without its end, which the next file may hold
        """
        index, inode, _ = newer[-2]
        descriptor = self.directory.open(self.name, index)
        # The files only ever move to higher numbers: what two looks agree on was so between them.
        again = self.directory.generations(self.name, last=self.inode)
        unmoved = [file[:2] for file in again] == [file[:2] for file in newer]
        there = os.fstat(self.descriptor)
        if (
            not unmoved
            or os.fstat(descriptor).st_ino != inode
            or there.st_size != self.offset + len(data)
        ):
            os.close(descriptor)
            return False
        self.resume = self.position() if data or self.carry else None
        self.carry += data
        self.behind = (self.inode, there.st_mtime_ns)
        os.close(self.descriptor)
        self.restart(inode)
        self.descriptor = descriptor
        return True

    def refresh(self, data: bytes) -> bool:
        """
        Open a file again that has grown by its name but not by our descriptor.

        overlayfs does that where the file was in the image and we opened it before its writer.
        Returns whether there is more to read.

        + data: what we read last
        """
        end = self.offset + len(data)
        try:
            if self.directory.stat(self.name).st_size <= end:
                return False
            if os.fstat(self.descriptor).st_size > end:  # just now
                return True
            descriptor = self.directory.open(self.name)
        except OSError:
            return False
        there = os.fstat(descriptor)
        if there.st_ino != self.inode or there.st_size <= end:
            os.close(descriptor)
            return there.st_ino != self.inode  # rotated meanwhile
        os.close(self.descriptor)
        self.descriptor = descriptor
        return True
