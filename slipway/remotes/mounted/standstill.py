"""
A mount in which somebody waits and nothing moves, though rclone and its remote answer.

A rename may wait for a server for ever, or for another request that waits for the rename
(https://github.com/rclone/rclone/issues/9900). Nobody may ask the mount for that: who asks waits,
too. The kernel tells how many wait, rclone what it has done.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import NamedTuple

from slipway.remotes import rc
from slipway.remotes.mounted import mountpoint
from slipway.system import processes
from slipway.system.counting import counted

LONG = 120.0  # seconds without anything that moves
_BUSY = 0.02  # of a processor: who serves what is cached has more
_BOUND = "5"  # seconds
_MOVES = (
    "bytes",
    "checks",
    "deletes",
    "errors",
    "renames",
    "serverSideCopies",
    "serverSideCopyBytes",
    "serverSideMoves",
    "serverSideMoveBytes",
    "transfers",
)
# fusectl, in a mount namespace of its own that ends with the question
_ASK = 'mount -t fusectl none "$1" && cat "$1/$2/waiting"'


class Moment(NamedTuple):
    """
    What was done until a moment.
    """

    time: float
    moved: tuple[int, ...]
    processor: float  # seconds of rclone's


class Standstill:
    """
    Looks at one mount from time to time.

    + pid: rclone's
    """

    def __init__(self, pid: int, socket: Path, point: Path) -> None:
        self.pid = pid
        self.socket = socket
        self.point = point
        self._since: Moment | None = None

    def look(self, now: float) -> str:
        """
        Return what is wrong, "" where somebody is served, or nobody waits, or nobody can say.
        """
        try:
            number = waiting(self.point)
            moment = Moment(now, _moved(self.socket), _processor(self.pid))
        except (OSError, ValueError):
            number = 0
        if not number:
            self._since = None
            return ""
        since = self._since
        if since is None or moment.moved != since.moved or _is_busy(since, moment):
            self._since = moment
            return ""
        seconds = now - since.time
        if seconds < LONG:
            return ""
        return (
            f"hangs: {counted(number, 'request waits', 'requests wait')} in it, and nothing has"
            f" moved for two minutes; `supervisorctl restart remote-{self.point.name}` mounts it"
            " anew, and what was written stays"
        )


def waiting(point: Path) -> int:
    """
    Return how many requests to a mount have no answer yet. Raises OSError, ValueError.
    """
    device = next((mount.device for mount in mountpoint.mounts(point)), "")
    _, _, connection = device.partition(":")
    words = ["timeout", "-s", "KILL", _BOUND, "unshare", "-m", "sh", "-c", _ASK, "sh"]
    asked = subprocess.run([*words, "/run", connection or "-"], check=False, capture_output=True)
    return int(asked.stdout or b"0")


def _moved(socket: Path) -> tuple[int, ...]:
    told = rc.call(socket, "core/stats")
    return tuple(int(told.get(name) or 0) for name in _MOVES)


def _processor(pid: int) -> float:
    """
    Return how many seconds of processors a process has used (proc(5)).
    """
    fields = processes.fields(Path(f"/proc/{pid}/stat").read_bytes())
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _is_busy(since: Moment, now: Moment) -> bool:
    return now.processor - since.processor > _BUSY * (now.time - since.time)
