"""
Files that waited for their upload when rclone began, and are edited after that.

rclone uploads them, but goes on with what it knew of the remote's former copy: for five minutes it
shows the former size, takes its own content for stale, and makes edits in a part of the new file.
Only of a file that somebody has opened to be written it knows what the upload made. So each of them
is opened once, and its directory is read again when its upload is done.
Measured with rclone 1.75.2.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from slipway.remotes import rc

MOST = 60  # seconds to open all of them: it goes through the mount, which may hang
_END = 1.5  # seconds for that process's end
_AT_ONCE = 100  # directories that one call forgets


class Reloaded:
    """
    What waited when one rclone began.

    + point: where it is mounted
    + socket: of its remote control
    + hurry: has what waits uploaded now
    """

    def __init__(self, point: Path, socket: Path, *, hurry: Callable[[], None]) -> None:
        self.point = point
        self.socket = socket
        self.hurry = hurry
        self.waiting: set[str] = set()
        self.opening: subprocess.Popen[bytes] | None = None

    def begin(self) -> None:
        """
        See what waits, and open it, in a process of its own; then it is uploaded.
        """
        with contextlib.suppress(OSError):  # rclone ends already
            self.waiting = self._queued()
        if not self.waiting:
            return
        words = [sys.executable, "-I", "-m", __name__, str(self.point)]
        try:
            self.opening = subprocess.Popen(words, stdin=subprocess.PIPE)
        except OSError:  # no process can be made
            self.hurry()
        else:
            names = b"\0".join(os.fsencode(name) for name in sorted(self.waiting))
            with contextlib.suppress(OSError), self.opening.stdin as stream:  # type: ignore[union-attr]
                stream.write(names)

    def step(self) -> None:
        """
        Have the directories read again of what is uploaded by now.
        """
        if self.opening and self.opening.poll() is not None:
            self.opening = None
            self.hurry()
        if self.waiting:
            with contextlib.suppress(OSError):  # asked again at the next look
                done = self.waiting - self._queued()
                self._forget(sorted({Path(name).parent: name for name in done}.values()))
                self.waiting -= done

    def _queued(self) -> set[str]:
        return {str(item["name"]) for item in rc.queue(self.socket)}

    def _forget(self, names: list[str]) -> None:
        for first in range(0, len(names), _AT_ONCE):
            some = names[first : first + _AT_ONCE]
            files: dict[str, Any] = {f"file{at}": name for at, name in enumerate(some)}
            rc.call(self.socket, "vfs/forget", **files)

    def end(self) -> None:
        """
        Open nothing more: rclone has ended.
        """
        if self.opening:
            self.opening.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.opening.wait(_END)


def open_each(point: Path, names: list[str]) -> None:
    """
    Open files to be written, and read a byte of each: without that rclone opens nothing itself.
    """
    for name in names:
        with contextlib.suppress(OSError):  # gone meanwhile, or the mount is read-only
            descriptor = os.open(point / name, os.O_RDWR | os.O_NOFOLLOW)
            try:
                os.pread(descriptor, 1, 0)
            finally:
                os.close(descriptor)


if __name__ == "__main__":
    signal.alarm(MOST)
    open_each(Path(sys.argv[1]), os.fsdecode(sys.stdin.buffer.read()).split("\0"))
