"""
Programs that outlive a supervisord which was killed.

Where it is the container's main process they end with it. In a container whose PID 1 is another's
they go on: sshd, by which one can still get in, and programs that a second one would disturb. The
next `slipway start` ends them, so that they run under supervision again; sessions stay.
"""

from __future__ import annotations

import contextlib
import re
import signal
import time
from collections.abc import Iterable
from pathlib import Path

from slipway.contract import paths
from slipway.system import atomic, files, processes

_LINE = r"(\d+) (\d+)"  # a process number, its start time
PATIENCE = 5.0  # seconds that they have to end, then they are killed

_remembered: set[int] = set()


def remember(pids: set[int]) -> None:
    """
    Keep which processes are supervised now, each with its start time: numbers are used again.
    """
    if pids == _remembered:
        return
    _remembered.clear()
    _remembered.update(pids)
    text = "".join(f"{pid} {began(pid)}\n" for pid in sorted(pids))
    with contextlib.suppress(OSError):  # no /run: nothing of Slipway's works there
        atomic.write(paths.PROCESSES, text.encode(), durable=False)


def end() -> None:
    """
    End what an earlier supervisord has left running. Raises OSError.
    """
    try:
        lines = files.text(paths.PROCESSES).splitlines()
    except OSError:
        return
    found = [re.fullmatch(_LINE, line) for line in lines]
    known = [(int(line[1]), line[2]) for line in found if line]
    _signal(known, signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE
    while any(began(pid) == ticks for pid, ticks in known):
        if time.monotonic() > deadline:
            _signal(known, signal.SIGKILL)
            return
        time.sleep(0.02)  # they are nobody's children that could be waited for
    paths.PROCESSES.unlink(missing_ok=True)


def began(pid: int) -> str:
    """
    Return a process's start time in clock ticks since boot; "" for one that is gone or a zombie.

    Fields 3 and 22 of /proc/PID/stat.
    """
    try:
        fields = processes.fields(Path(f"/proc/{pid}/stat").read_bytes())
    except OSError:
        return ""
    return "" if fields[0] in b"ZX" else fields[19].decode()


def _signal(known: Iterable[tuple[int, str]], number: int) -> None:
    for pid, ticks in known:
        if ticks and began(pid) == ticks:
            processes.send(pid, number)
