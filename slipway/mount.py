"""
`slipway mount NAME`: the program behind each remote's mount.

It clears a stale mount, refuses to hide files, and becomes rclone.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from slipway import environment, mountinfo, paths
from slipway.environment import Surroundings

DEAD_REMOTE_CONTROL = "bind: address already in use"  # what rclone says of a socket left behind


def run(name: str, *, variables: dict[str, str], workspace: str) -> int:
    """
    Mount a remote; returns only where it can't be mounted, with what supervisor should see.

    + variables: the container's own; `RCLONE_*` among them are rclone's
    """
    point = Path(workspace, "remote", name)
    cache = Path(workspace, "remote", ".cache", name)
    clear(str(point))
    point.mkdir(parents=True, exist_ok=True)
    if any(point.iterdir()):
        print(
            f"slipway: {point} has files in it, which a mount would hide; "
            f"move them away, then `slipway converge`",
            file=sys.stderr,
        )
        return 1
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    socket = paths.RUN / "rclone" / f"{name}.sock"
    socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    socket.unlink(missing_ok=True)  # left by one that was killed: rclone would not start
    around = environment.observe(workspace)
    child = {
        "RCLONE_CONFIG": str(paths.RCLONE_CONF),
        **os.environ,
        **variables,
        "RCLONE_CACHE_DIR": str(cache),
    }
    os.execvpe("rclone", command(name, point, cache, socket, around), child)  # noqa: S606
    raise AssertionError("exec does not return")


def command(name: str, point: Path, cache: Path, socket: Path, around: Surroundings) -> list[str]:
    """
    Return rclone's words; what is an option here can't be set by an `RCLONE_*` variable.
    """
    # fmt: off
    return [
        "rclone", "mount", f"{name}:", str(point),
        "--allow-other", "--uid", str(around.uid), "--gid", str(around.gid),
        "--vfs-cache-mode", "full", "--cache-dir", str(cache),
        "--rc", "--rc-no-auth", "--rc-addr", f"unix://{socket}",
        "--log-level", "NOTICE",
    ]
    # fmt: on


def clear(point: str) -> None:
    """
    Take away what a killed rclone left mounted; FUSE then answers ENOTCONN to everything.
    """
    text = Path("/proc/self/mountinfo").read_text(errors="surrogateescape")
    for mount in mountinfo.parse(text):
        if mount.point == point:
            subprocess.run(["fusermount3", "-uz", "--", point], check=False)
