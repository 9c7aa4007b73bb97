"""
A command's processes, killed with all whom they have started.
"""

from __future__ import annotations

import contextlib
import os
import signal
from pathlib import Path


def kill_tree(root: int) -> None:
    """
    Kill a process, its group and all descendants.

    Those in another session, too: su(1) gives its command one. Each is stopped as it is found, so
    that it starts no other meanwhile.

    + root: the leader of its process group
    """
    doomed = {root}
    _send(root, signal.SIGSTOP)
    while found := {pid for pid, kin in _kinships() if pid not in doomed and kin & doomed}:
        for pid in found:
            _send(pid, signal.SIGSTOP)
        doomed |= found
    for pid in doomed:
        _send(pid, signal.SIGKILL)


def _kinships() -> list[tuple[int, set[int]]]:
    """
    Return each process with its parent and its group.

    Fields 4 and 5 of /proc/PID/stat (proc(5)); the name before them may hold anything.
    """
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended
            fields = path.read_text(errors="replace").rpartition(")")[2].split()
            found.append((int(path.parent.name), {int(fields[1]), int(fields[2])}))
    return found


def _send(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
