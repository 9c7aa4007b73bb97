"""
Where a remote is mounted, looked at without waiting for the remote.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from slipway.system import mountinfo
from slipway.system.mountinfo import Mount

LOOK = 5.0  # seconds for a stat of a mount point, which answers without the remote


def mounts(point: Path) -> list[Mount]:
    """
    Return what is mounted there, without touching it.
    """
    return [mount for mount in mountinfo.here() if mount.point == str(point)]


def is_served(point: Path) -> bool:
    """
    Tell whether a mount is alive that is none of ours.

    Where the workspace is shared with another container as :rshared, that one's mounts are seen
    here, too, and taking one away here takes it away there.
    """
    if not any(mount.type == "fuse.rclone" for mount in mounts(point)):
        return False
    words = ["timeout", "-s", "KILL", str(LOOK), "stat", "--", str(point)]
    looked = subprocess.run(words, check=False, capture_output=True, env={"LC_ALL": "C"})
    return b"not connected" not in looked.stderr


def abort(point: Path) -> None:
    """
    Have the kernel answer for a killed rclone, so that its last thread can end.

    Killed while it tells the kernel that a file is stale, a thread of it waits for the file's lock;
    who has that lock, a rename say, waits for rclone's answer. Neither can be killed. MNT_FORCE
    breaks the connection (umount(2)); that the mount is busy then is no matter.
    """
    words = ["timeout", "-s", "KILL", str(LOOK), "umount", "-f", "-i", "-c", "--", str(point)]
    subprocess.run(words, check=False, capture_output=True)


def clear(point: Path) -> None:
    """
    Take away what a killed rclone left mounted; FUSE then answers ENOTCONN to everything.
    """
    for mount in mounts(point):
        if mount.type == "fuse.rclone":
            subprocess.run(["umount", "-l", "-i", "-c", "--", str(point)], check=False)
