"""
What a program that did not stay in the foreground has left behind.

A daemon's parent ends at once, supervisord takes that for a start that failed, and the next try
makes one more daemon. So what such a try has left is ended before the next. That is a process which
began after the try did and whose parent has ended. It is in the try's process group, or has
supervisor's variables of this program, or its executable where a daemon has overwritten these.
What somebody has started in a terminal of the program, before or since, is none of that.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from slipway.system import processes

TICKS = os.sysconf("SC_CLK_TCK")


class Try(NamedTuple):
    """
    One process of a program, that has ended.
    """

    pid: int
    began: int  # ticks since boot
    executable: str
    variables: frozenset[bytes]  # by which supervisor's programs know themselves


class _Process(NamedTuple):
    parent: int
    group: int
    began: int


def now() -> int:
    """
    Return the time as the kernel counts the start of processes.
    """
    return int(time.clock_gettime(time.CLOCK_BOOTTIME) * TICKS)


def end(left_by: Try, number: int = signal.SIGTERM) -> list[int]:
    """
    Signal what a try has left; returns their numbers.
    """
    found = left(left_by)
    for pid in found:
        with contextlib.suppress(PermissionError):  # without CAP_KILL others' processes stay
            processes.send(pid, number)
    return found


def left(by: Try) -> list[int]:
    """
    Return what a try has left running, with all that came from it.
    """
    table = _table()
    reapers = {0, *_ancestors(os.getpid(), table)}
    strays = {
        pid
        for pid, each in table.items()
        if each.began >= by.began and each.parent in reapers and _is_of(pid, each, by)
    } - reapers
    strays.discard(os.getpid())
    while more := {pid for pid, each in table.items() if each.parent in strays} - strays:
        strays |= more
    return sorted(strays)


def _is_of(pid: int, process: _Process, by: Try) -> bool:
    if process.group == by.pid:
        return True
    with contextlib.suppress(OSError):
        variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        if any(variable.startswith(b"SUPERVISOR_") for variable in variables):
            return by.variables <= set(variables)
        if any(b"=" in variable for variable in variables):
            return False
        return str(Path(f"/proc/{pid}/exe").readlink()) == by.executable
    return False


def _table() -> dict[int, _Process]:
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended
            fields = processes.fields(path.read_bytes())
            if fields[0] not in b"ZX":
                found[int(path.parent.name)] = _Process(
                    int(fields[1]), int(fields[2]), int(fields[19])
                )
    return found


def _ancestors(pid: int, table: dict[int, _Process]) -> Iterable[int]:
    while pid in table and (pid := table[pid].parent):
        yield pid
