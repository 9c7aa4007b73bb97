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


def is_zombie(pid: int) -> bool:
    """
    Tell whether a process's first thread has ended; others of it may still be there.
    """
    try:
        return fields(Path(f"/proc/{pid}/stat").read_bytes())[0] == b"Z"
    except OSError:
        return False


def kill_tree(root: int) -> None:
    """
    Kill a process, its group and all descendants.

    Those in another session, too: su(1) gives its command one. Each is stopped as it is found, so
    that it starts no other meanwhile.

    + root: the leader of its process group
    """
    doomed = {root}
    send(root, signal.SIGSTOP)
    while found := {pid for pid, kin in _kinships() if pid not in doomed and kin & doomed}:
        for pid in found:
            send(pid, signal.SIGSTOP)
        doomed |= found
    for pid in doomed:
        send(pid, signal.SIGKILL)


def _kinships() -> list[tuple[int, set[int]]]:
    """
    Return each process with its parent and its group: fields 4 and 5.
    """
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended
            _, parent, group, *_ = fields(path.read_bytes())
            found.append((int(path.parent.name), {int(parent), int(group)}))
    return found


def send(pid: int, number: int) -> None:
    """
    Send a signal to a process that may have ended.
    """
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
