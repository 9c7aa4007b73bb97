"""
What the kernel tells of a directory: which of its entries changed.
"""

from __future__ import annotations

import ctypes
import os

BUFFER = 64 * 1024  # bytes of events read at once

IN_MODIFY, IN_MOVED_FROM, IN_MOVED_TO, IN_CREATE, IN_DELETE = 0x2, 0x40, 0x80, 0x100, 0x200
IN_Q_OVERFLOW, IN_IGNORED, IN_ONLYDIR = 0x4000, 0x8000, 0x1000000


def watch(directory: str) -> int:
    """
    Return an inotify descriptor for the directory, or -1 where there is none to be had.
    """
    libc = ctypes.CDLL(None)
    descriptor: int = libc.inotify_init1(os.O_CLOEXEC | os.O_NONBLOCK)
    if descriptor < 0:  # EMFILE: 128 a user by default, containers included
        return -1
    mask = IN_MODIFY | IN_MOVED_FROM | IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_ONLYDIR
    if libc.inotify_add_watch(descriptor, os.fsencode(directory), mask) < 0:
        os.close(descriptor)
        return -1
    return descriptor


def changed(descriptor: int) -> set[str] | None:
    """
    Return the entries of the directory that changed; None when that can't be told any more.
    """
    events = os.read(descriptor, BUFFER)
    entries = set()
    at = 0
    while at < len(events):
        mask = int.from_bytes(events[at + 4 : at + 8], "little")
        size = int.from_bytes(events[at + 12 : at + 16], "little")
        if mask & (IN_Q_OVERFLOW | IN_IGNORED):
            return None
        entries.add(os.fsdecode(events[at + 16 : at + 16 + size].rstrip(b"\0")))
        at += 16 + size
    return entries
