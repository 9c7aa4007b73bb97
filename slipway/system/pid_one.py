"""
The process that the container was started with.

It is PID 1, unless the container sees another one's processes, or its machine's: `--pid=host`,
`--pid=container:NAME`, a pod with `shareProcessNamespace` or `hostPID`. There it is the oldest of
those that have the container's mounts.
"""

from __future__ import annotations

import functools
import os
from pathlib import Path

from slipway.system import files, processes

PROC = Path("/proc")


@functools.cache
def number(proc: Path = PROC) -> int:
    """
    Return its number, as this container sees it.
    """
    if not _is_anothers(proc / "1", proc / "self"):
        return 1
    own = _mounts(proc / "self")
    found = []
    for place in proc.glob("[0-9]*"):
        stat = files.readable(place / "stat") if own and _mounts(place) == own else None
        if stat:
            found.append((int(processes.fields(stat)[19]), int(place.name)))
    return min(found)[1] if found else 1


def path(name: str, proc: Path = PROC) -> Path:
    """
    Return the path of a file of its in /proc.
    """
    return proc / str(number(proc)) / name


def _is_anothers(first: Path, own: Path) -> bool:
    """
    Tell whether a process is of another container: neither its cgroup nor its mounts are ours.

    Each alone differs within a container, too: unshare(1), and a daemon that moves its processes.
    """
    groups = [files.readable(place / "cgroup") for place in (first, own)]
    return None not in groups and groups[0] != groups[1] and _mounts(first) != _mounts(own)


def _mounts(place: Path) -> str | None:
    """
    Return what identifies a process's mounts; None where root may not look (ptrace(2)).
    """
    try:
        return os.readlink(place / "ns/mnt")  # noqa: PTH115 - no path
    except OSError:
        return None
