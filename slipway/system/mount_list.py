"""
The kernel's list of mounts, read again when the kernel tells of a change.
"""

from __future__ import annotations

import select
from pathlib import Path

from slipway.system import files, mountinfo


class MountList:
    """
    The list, kept open: a poll for POLLPRI tells of a change (proc_pid_mountinfo(5)).
    """

    def __init__(self, path: Path = mountinfo.TABLE) -> None:
        """
        Open it. Raises OSError.
        """
        self._path = path
        self._stream = path.open("rb")
        self._changes = select.poll()
        self._changes.register(self._stream, select.POLLPRI)
        self._content: bytes | None = None

    def content(self, *, surely: bool = False) -> bytes:
        """
        Return it; nothing where it can't be read.

        + surely: do not rely on the kernel's word: not every one tells (gVisor's)
        """
        if self._changes.poll(0) or self._content is None or surely:
            self._content = files.readable(self._path) or b""
        return self._content

    def close(self) -> None:
        """Let go of it."""
        self._stream.close()
