"""
A program at a terminal of its own, under our eyes: what it starts is looked at before it runs.

All of it ends with this process, however that ends (ptrace(2)).
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import pty
import signal
from collections.abc import Callable, Sequence
from pathlib import Path

from slipway.system import processes

_TRACEME, _CONTINUE, _SET_OPTIONS, _SIGNAL = 0, 7, 0x4200, 0x4202
# Events; an option asks for each, the bit of its number
_FORK, _VFORK, _CLONE, _EXEC, _EXITKILL = 1, 2, 3, 4, 20
_WANTED = sum(1 << each for each in (_FORK, _VFORK, _CLONE, _EXEC, _EXITKILL))
_ALL = 0x40000000  # waitpid(2): __WALL
_STOPS = (signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU)
_ROOM = 128  # bytes of a siginfo_t
_CANT = 126  # the exit code of a program that can't be begun

MayRun = Callable[[int, list[str]], bool]

_libc = ctypes.CDLL(None, use_errno=True)
_libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
_libc.ptrace.restype = ctypes.c_long


class Traced:
    """
    The program, with all that it has started.
    """

    def __init__(self, begin: Callable[[], None], may_run: MayRun) -> None:
        """
        Start it. Raises OSError, also where a container may trace nothing.

        + begin: becomes the program
        + may_run: whether a process may go on with a command line; who may not is killed
        """
        self._may_run = may_run
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            try:
                _asked(_TRACEME, 0)
                begin()
            finally:
                os._exit(_CANT)
        os.set_blocking(self.terminal, False)
        self.alive = {self.pid}
        self.code: int | None = None  # the program's exit code, or minus the signal that killed it
        _, status = os.waitpid(self.pid, _ALL)
        if os.WIFSTOPPED(status):
            _asked(_SET_OPTIONS, self.pid, _WANTED)
            self._go_on(self.pid)
        else:  # no session of its own, say (a seccomp profile)
            os.close(self.terminal)
            raise OSError(errno.ENOEXEC, os.strerror(errno.ENOEXEC))

    def step(self) -> None:
        """
        Let all go on that has stopped for us, until nothing has.
        """
        while self.code is None:
            try:
                pid, status = os.waitpid(-1, _ALL | os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            if os.WIFSTOPPED(status):
                number = os.WSTOPSIG(status)
                is_new = number == signal.SIGSTOP and pid not in self.alive
                self.alive.add(pid)
                self._stopped(pid, 0 if is_new else number, status >> 16)
            else:
                self._note_end(pid, status)

    def ticks(self) -> int:
        """Return how long all that is alive has had the processor."""
        return sum(map(processes.ticks, self.alive))

    def is_ready(self) -> bool:
        """Tell whether any of it has the processor, or waits for nothing else."""
        return any(map(processes.is_ready, self.alive))

    def end(self) -> None:
        """
        Kill all of it.
        """
        for pid in self.alive:
            processes.send(pid, signal.SIGKILL)
        with contextlib.suppress(OSError):
            os.close(self.terminal)

    def _stopped(self, pid: int, number: int, event: int) -> None:
        if event == _EXEC and not self._may_run(pid, command_line(pid)):
            processes.send(pid, signal.SIGKILL)
            return
        if number in _STOPS and not _is_delivered(pid):
            return  # by job control: it stays so
        self._go_on(pid, 0 if event or number == signal.SIGTRAP else number)

    def _go_on(self, pid: int, number: int = 0) -> None:
        with contextlib.suppress(OSError):  # it has been killed meanwhile
            _asked(_CONTINUE, pid, number)

    def _note_end(self, pid: int, status: int) -> None:
        self.alive.discard(pid)
        if pid == self.pid:
            self.code = os.waitstatus_to_exitcode(status)


def command_line(pid: int) -> list[str]:
    """
    Return a process's command line; nothing of one that has ended.
    """
    try:
        content = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return []
    return [word.decode(errors="replace") for word in content.rstrip(b"\0").split(b"\0")]


def name(words: Sequence[str]) -> str:
    """
    Return the name of a command line's program, without a login shell's dash.
    """
    return os.path.basename(words[0].removeprefix("-")) if words else ""  # noqa: PTH119 - a string


def _is_delivered(pid: int) -> bool:
    """
    Tell whether a process stops before it gets a signal, and not because it got one.
    """
    told = ctypes.create_string_buffer(_ROOM)
    try:
        _asked(_SIGNAL, pid, ctypes.addressof(told))
    except OSError:
        return False
    return True


def _asked(request: int, pid: int, data: int = 0) -> None:
    if _libc.ptrace(request, pid, None, data) == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
