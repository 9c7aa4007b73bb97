"""
`slipway mount far` with a stand-in for rclone and a list of mounts of its own; and never slow.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from slipway.contract import paths
from slipway.remotes import states
from slipway.remotes.mounted import mountpoint, program
from slipway.remotes.mounted.rclone import Mounter
from slipway.settings.variables import Settings
from slipway.system import disk

root = Path(sys.argv[1])
real, real_is_served = Path.read_text, mountpoint.is_served


def read_text(path: Path, **options: Any) -> str:
    """
    Read a file, but for the kernel's list of mounts.
    """
    return real(root / "mountinfo" if str(path) == "/proc/self/mountinfo" else path, **options)


def is_served(point: Path) -> bool:
    """
    Look as always, but for a mount of which the test says that it has no server.
    """
    return real_is_served(point) and not (root / "stale").exists()


def shortage(path: Path) -> str:
    """
    Say that room is short when the test says so.
    """
    return "1 MiB is free" if (root / "short").exists() else ""


class Prompt(Mounter):
    """
    One that is looked at when rclone has done what it does first: nobody wakes us by a mount.
    """

    def moments(self, every: float) -> Iterator[float]:
        """
        Wait for that.
        """
        (root / "ready").read_bytes()
        yield from super().moments(every)


Path.read_text = read_text  # type: ignore[method-assign,assignment]
setattr(program, "Mounter", Prompt)  # noqa: B010 - not a name that it exports
mountpoint.is_served = is_served
disk.shortage = shortage
program.PACE = program.PROBE_EVERY = program.LOOK_EVERY = 0.05
paths.RCLONE = str(root / "rclone")
states.DIRECTORY = root / "run"
settings = Settings(workspace=str(root / "w"), drain_seconds=int(sys.argv[2]))
sys.exit(program.run("far", settings, os.environ))
