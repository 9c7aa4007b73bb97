"""
Where the last lines of a log begin, over its rotated files.
"""

from __future__ import annotations

import os

from slipway.services.logs.positions import MARK

TYPE_CHECKING = False
if TYPE_CHECKING:
    from slipway.services.logs.directory import Directory

BLOCK = 64 * 1024  # bytes read at once, from the end backwards


def beginning(directory: Directory, name: str, *, lines: int) -> tuple[int, int, bytes]:
    """
    Return the inode, offset and mark of the place that so many lines come after.
    """
    place = (0, 0, b"")
    missing = lines
    newest = True
    for index, inode, _ in list(directory.generations(name)):
        try:
            descriptor = directory.open(name, index)
        except OSError:  # rotated away meanwhile
            continue
        end = os.fstat(descriptor).st_size
        if end and newest:
            newest = False
            # The newline that ends the last line begins none
            missing += not lines or os.pread(descriptor, 1, end - 1) == b"\n"
        if end:
            offset, missing = _back(descriptor, end, missing)
            place = inode, offset, os.pread(descriptor, min(MARK, offset), max(0, offset - MARK))
        os.close(descriptor)
        if not missing:
            break
    return place


def _back(descriptor: int, end: int, newlines: int) -> tuple[int, int]:
    """
    Return the offset after so many newlines, counted back from the end, and how many it lacks.
    """
    start = end
    while start > 0:
        end, start = start, max(0, start - BLOCK)
        block = os.pread(descriptor, end - start, start)
        at = len(block)
        while at >= 0:
            at = block.rfind(b"\n", 0, at)
            newlines -= at >= 0
            if not newlines:
                return start + at + 1, 0
    return 0, newlines
