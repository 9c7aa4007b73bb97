"""
Processes by number: what the kernel says of them, and a command's killed with all it has started.
"""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path


def fields(stat: bytes) -> list[bytes]:
    """
    Return /proc/PID/stat from field 3 on (proc(5)); the name before that may hold anything.
    """
    return stat.rpartition(b")")[2].split()


def is_dying(pid: int) -> bool:
    """
    Tell whether a process has been killed; it may not end, as a thread of it waits for the kernel.

    That may be its first one, so that it is no zombie.
    """
    try:
        return has_been_killed(Path(f"/proc/{pid}/status").read_bytes())
    except OSError:
        return False


def has_been_killed(status: bytes) -> bool:
    """
    Tell the same of /proc/PID/status (proc(5)).
    """
    told = dict(line.partition(b":")[::2] for line in status.splitlines())
    pending = int(told.get(b"SigPnd", b"0"), 16) | int(told.get(b"ShdPnd", b"0"), 16)
    is_zombie = told.get(b"State", b"").split()[:1] == [b"Z"]
    return is_zombie or bool(pending & 1 << (signal.SIGKILL - 1))


def kill_tree(root: int) -> None:
    """
    Kill a process, its group and all descendants.

    Those in another session, too: su(1) gives its command one. Each is stopped as it is found, so
    that it starts no other meanwhile.

    + root: the leader of its process group
    """
    doomed = {root}
    send(root, signal.SIGSTOP)
    while found := {
        pid for pid, kin in _kinships() if pid not in doomed and doomed.intersection(kin)
    }:
        for pid in found:
            send(pid, signal.SIGSTOP)
        doomed |= found
    for pid in doomed:
        send(pid, signal.SIGKILL)


def descendants(root: int) -> list[int]:
    """
    Return what a process has started, and what these have; parents before their children.
    """
    found, kin = [root], _kinships()
    for known in found:
        found += [pid for pid, (parent, _) in kin if parent == known and pid not in found]
    return found[1:]


def sockets(pid: int) -> set[int]:
    """
    Return the inodes of a process's sockets; none of one that has ended. Raises PermissionError.
    """
    found: set[int] = set()
    try:
        descriptors = list(Path(f"/proc/{pid}/fd").iterdir())
    except (FileNotFoundError, ProcessLookupError):
        return found
    for descriptor in descriptors:
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            target = str(descriptor.readlink())
            if target.startswith("socket:["):
                found.add(int(target[len("socket:[") : -1]))
    return found


def ticks(pid: int) -> int:
    """
    Return how long a process has had the processor (fields 14 and 15), 0 for one that has ended.
    """
    try:
        told = fields(Path(f"/proc/{pid}/stat").read_bytes())
    except OSError:
        return 0
    return int(told[11]) + int(told[12])


def run_time(pid: int) -> int:
    """
    Return the same in nanoseconds (/proc/PID/schedstat), -1 for one that has ended.
    """
    place = Path(f"/proc/{pid}")
    try:
        if fields((place / "stat").read_bytes())[0] == b"Z":
            return -1
        return int((place / "schedstat").read_bytes().split()[0])
    except (OSError, ValueError, IndexError):
        return ticks(pid) or -1


def is_ready(pid: int) -> bool:
    """
    Tell whether a process has the processor or waits for it, and for nothing else (field 3).
    """
    try:
        return fields(Path(f"/proc/{pid}/stat").read_bytes())[0] == b"R"
    except OSError:
        return False


def _kinships() -> list[tuple[int, tuple[int, int]]]:
    """
    Return each process with its parent and its group: fields 4 and 5.
    """
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended
            _, parent, group, *_ = fields(path.read_bytes())
            found.append((int(path.parent.name), (int(parent), int(group))))
    return found


def send(pid: int, number: int) -> None:
    """
    Send a signal to a process that may have ended.
    """
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
