"""
How far each log has been written out, kept in a file for the next follow.

A position in a log is an inode, an offset, and the bytes before that offset (the mark): a file
that was truncated, or that got a dead file's inode, doesn't have them. The inode and mtime of the
file before it say which older ones have been read.
"""

from __future__ import annotations

import json
import os
import time

from slipway.system import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from slipway.services.logs.directory import StrPath

    Position = tuple[int, int, bytes, tuple[int, int]]  # inode, offset, mark, the file before

MARK = 32  # bytes before a position that prove it
INTERVAL = 1.0  # seconds between two saves

NOWHERE = (0, 0, b"", (0, 0))


class Positions:
    """
    The file of the positions, and whether it is behind.

    + file: its path; without one, nothing is kept
    """

    def __init__(self, file: StrPath | None) -> None:
        self.file = file if file is None else os.fspath(file)
        self.unsaved = False
        self.saved_at = 0.0
        self.complaint = ""

    def load(self) -> dict[str, Position] | None:
        """
        Return the positions by name; None where there are none, or not ours.
        """
        if self.file is None:
            return None
        try:
            saved = json.loads(files.read(self.file))
            return {name: _position(*values) for name, values in saved.items()}
        except (OSError, ValueError, TypeError, AttributeError, IndexError):
            return None

    def changed(self) -> None:
        """
        Note that there is something to save.
        """
        self.unsaved = self.file is not None

    def due(self) -> float | None:
        """
        Return when to save next, by the monotonic clock; None: nothing to save.
        """
        return self.saved_at + INTERVAL if self.unsaved else None

    def save(self, positions: Mapping[str, Position]) -> None:
        """
        Keep the positions for the next follow, as a whole.
        """
        self.saved_at = time.monotonic()
        if self.file is None or not self.unsaved:
            return
        content = {
            name: [inode, offset, mark.hex(), *behind]
            for name, (inode, offset, mark, behind) in positions.items()
            if inode or behind[0]
        }
        draft = f"{self.file}.tmp"
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            descriptor = os.open(draft, flags, 0o600)
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(json.dumps(content).encode())
                stream.flush()
                os.fsync(descriptor)
            os.replace(draft, self.file)  # noqa: PTH105  # without pathlib
        except OSError as error:  # a full disk must not end the logs that tell of it
            self._complain(f"positions in the logs not saved: {error.strerror}")
        else:
            self.unsaved = False
            self.complaint = ""

    def _complain(self, complaint: str) -> None:
        if complaint != self.complaint:
            self.complaint = complaint
            os.write(2, f"slipway: warning: {complaint}\n".encode())


def _position(inode: int, offset: int, mark: str, *behind: int) -> Position:
    proof = bytes.fromhex(mark)
    return int(inode), max(int(offset), len(proof)), proof, (int(behind[0]), int(behind[1]))
