"""
The user's command as the container's main process, with an orderly end of what runs beside it.

    python -m slipway.services.beside [COMMAND [ARGUMENT...]]

`docker run IMAGE bash -c 'slipway start; sleep infinity'` is how clouds start a container. The
kernel kills everything when PID 1 ends, and tini ends with its only child: if that were the command
itself, uploads that wait would be cut off. So this is its child: the command has our terminal, our
signals and our exit code, and supervisord, if one runs by then, is told to stop with the command.
Without a command we stand for the supervisord that runs: `slipway start; exec slipway-init`.

A module of its own, because it lives as long as the command: it imports little.
"""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from slipway.contract import exits
from slipway.contract.paths import SUPERVISOR_SOCKET
from slipway.system import refused, unix_http

PATIENCE = 8.5  # seconds for supervisord's own bound of eight, below Docker's ten
_LOOK = 0.02  # seconds between two looks whether its socket is gone
_ASK = 1.0  # seconds that it has for an answer
_ENDINGS = {signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP}
_GLANCE = 1.0  # seconds between two looks whether it has ended by itself
_CALL = (
    b"<?xml version='1.0'?><methodCall><methodName>supervisor.%s</methodName>"
    b"<params></params></methodCall>"
)
# What the kernel sends for us alone: a stop from the terminal, a read in the background
_OURS = {signal.SIGCHLD, signal.SIGTTIN, signal.SIGTTOU}


def main(command: Sequence[str], variables: dict[bytes, bytes]) -> int:
    """
    Run the command to its end, then end the services; returns the command's exit code.
    """
    caught = signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, caught)
    if not command:
        return stand_for_services()
    child = os.fork()
    if not child:
        _become(command, variables, before - _ENDINGS)
    while True:
        info = signal.sigwaitinfo(caught)
        if info.si_signo in _OURS:
            if info.si_signo == signal.SIGCHLD and (status := _ended(child)) is not None:
                break
        elif info.si_code <= 0:  # somebody's kill(2); the terminal's reach the command anyway
            os.kill(child, info.si_signo)
            if info.si_signo in _ENDINGS:
                tell()
    if tell():
        wait()
    return status


def stand_for_services() -> int:
    """
    Return when supervisord has ended: because we were told to, or by itself.

    One that does not say its number is stood for until we are told to end.
    """
    with contextlib.suppress(ProcessLookupError):  # it has ended meanwhile
        ended = [os.pidfd_open(pid)] if (pid := _number()) else []
        while not select.select(ended, [], [], 0)[0]:
            if signal.sigtimedwait(_ENDINGS - {signal.SIGHUP}, _GLANCE):
                if tell():
                    wait()
                return exits.OK
    return exits.FAILED if os.path.lexists(SUPERVISOR_SOCKET) else exits.OK  # it removes it


def _number() -> int:
    """
    Return supervisord's process number; 0 where it does not say it.
    """
    with contextlib.suppress(OSError):
        if found := re.search(rb"<int>(\d+)</int>", _ask(b"getPID")):
            return int(found[1])
    return 0


def tell() -> bool:
    """
    Tell supervisord to stop everything in order; returns whether there is one to wait for.

    One that is stopping already refuses, and is waited for all the same.
    """
    try:
        _ask(b"shutdown")
    except TimeoutError:
        return True
    except OSError:
        return False
    return True


def _ask(method: bytes) -> bytes:
    body = _CALL % method
    return unix_http.post(SUPERVISOR_SOCKET, "/RPC2", body, kind="text/xml", timeout=_ASK)[1]


def wait() -> None:
    """
    Return when supervisord has ended, which removes its socket at its end, or after PATIENCE.
    """
    deadline = time.monotonic() + PATIENCE
    while SUPERVISOR_SOCKET.exists() and time.monotonic() < deadline:
        time.sleep(_LOOK)  # it is not our child, and nothing else tells


def _ended(child: int) -> int | None:
    """
    Return the command's exit code, as sh(1) says it of one that a signal ended; None while it runs.
    """
    pid, status = os.waitpid(child, os.WNOHANG)
    if not pid:
        return None
    code = os.waitstatus_to_exitcode(status)
    return 128 - code if code < 0 else code


def _become(
    command: Sequence[str], variables: dict[bytes, bytes], mask: set[signal.Signals | int]
) -> NoReturn:
    try:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them, and exec keeps that
            signal.signal(number, signal.SIG_DFL)
        os.execvpe(command[0], list(command), variables)  # noqa: S606 - words, not a shell's text
    except OSError as error:
        os.write(2, f"slipway: {command[0]}: {error.strerror}\n".encode(errors="replace"))
        is_missing = isinstance(error, FileNotFoundError)
        os._exit(exits.NOT_FOUND if is_missing else exits.NOT_EXECUTABLE)
    except BaseException:  # noqa: BLE001 - never on into what the parent does
        os._exit(exits.FAILED)


def given() -> dict[bytes, bytes]:
    """
    Return what we were started with; in a C locale Python adds to its own environment (PEP 538).
    """
    words = Path("/proc/self/environ").read_bytes().split(b"\0")
    pairs = (word.partition(b"=") for word in words if word)
    return {name: value for name, _, value in pairs}


if __name__ == "__main__":
    refused.install()
    sys.exit(main(sys.argv[1:], given()))
