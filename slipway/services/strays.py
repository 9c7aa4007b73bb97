"""
What a program that did not stay in the foreground has left behind.

A daemon's parent ends at once, supervisord takes that for a start that failed, and the next try
makes one more daemon. So what such a try has left is ended before the next. That is a process which
began after the try did and whose parent has ended. It is in the try's process group, or has
supervisor's variables of this program, or its pipes, or its executable where a daemon has
overwritten these. What somebody has started in a terminal of the program, before or since, is none
of that. Of a program that has run for a while only its process group counts: it may have had
terminals of its own.

Without CAP_SYS_PTRACE root may not look into other users' processes (ptrace(2)). So a child of ours
becomes the program's user and looks.
"""

from __future__ import annotations

import contextlib
import os
import pwd
import signal
import time
from collections.abc import Callable, Iterable
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
    pipes: frozenset[str] = frozenset()  # that lead to supervisord: `pipe:[INODE]`
    user: int = 0
    is_hasty: bool = True  # it ended at once


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
    if not by.is_hasty:
        return False
    with contextlib.suppress(OSError):
        owner = Path(f"/proc/{pid}").stat().st_uid
        if by.user and owner == by.user != os.geteuid():
            return _as_user(by.user, lambda: _bears_marks(pid, by))
        return _bears_marks(pid, by)
    return False


def _bears_marks(pid: int, by: Try) -> bool:
    """
    Tell whether a process is known for the program's by what it has. Raises OSError.
    """
    if by.pipes & {*_outputs(pid)}:
        return True
    variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    if any(variable.startswith(b"SUPERVISOR_") for variable in variables):
        return by.variables <= set(variables)
    if any(b"=" in variable for variable in variables):
        return False
    return str(Path(f"/proc/{pid}/exe").readlink()) == by.executable


def _outputs(pid: int) -> Iterable[str]:
    for number in (1, 2):
        with contextlib.suppress(OSError):
            yield str(Path(f"/proc/{pid}/fd/{number}").readlink())


def _as_user(user: int, question: Callable[[], bool]) -> bool:
    """
    Ask in a process that belongs to a user; no answer is a no. Raises OSError.
    """
    try:
        group = pwd.getpwuid(user).pw_gid
    except KeyError:
        return False
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    try:
        os.setresgid(group, group, group)
        os.setresuid(user, user, user)
        os._exit(0 if question() else 1)
    except BaseException:  # noqa: BLE001 - supervisord must not go on twice
        os._exit(1)


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
