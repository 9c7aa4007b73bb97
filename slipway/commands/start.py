"""
`slipway start`: the same state in a container whose PID 1 is a cloud's, a shell or `sleep`.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import time
from pathlib import Path
from typing import IO

from slipway.commands import converge
from slipway.contract import exits, paths
from slipway.environment import at_start, main_process, saved
from slipway.services import orphans, told
from slipway.settings.arguments import given_arguments
from slipway.ssh import last_resort
from slipway.system import locks, pid_one, refused, supervisor_rpc, unix_listener

PATIENCE = 10.0  # seconds for supervisord's socket, or its answer: ten times what they may take


def arguments(_parser: argparse.ArgumentParser) -> None:
    """
    There are none.
    """


def run(_options: argparse.Namespace) -> int:
    """
    Start supervisord and converge.
    """
    try:
        supervise()
    except OSError as error:
        if unix_listener.is_held(paths.SUPERVISOR_SOCKET):  # one runs, and is mute
            raise
        last_resort.note(str(error.strerror or error))
    code = converge.converge(services=True, is_start=True)
    if code == exits.FAILED and last_resort.is_needed():
        last_resort.begin()
    return code


def supervise() -> None:
    """
    Start supervisord once; a second call finds it and starts nothing. Raises OSError.

    What a supervisord that was killed has left running is ended first.

    The environment of the start is PID 1's, with what the caller adds: a cloud gives its variables
    to the one or to the other. `NAME=value` arguments win, where PID 1 is our entrypoint.
    """
    with locks.hold(paths.START_LOCK):  # a cloud may call us twice at the same time
        if not answers():
            orphans.end()
            _supervise()


def answers(*, is_coming: bool = False) -> bool:
    """
    Tell whether a supervisord answers at the contract's socket. Raises OSError for a mute one.

    A second one beside it would end the sshd of the first.

    + is_coming: it has been started, and may begin to listen between two looks
    """
    try:
        said = supervisor_rpc.ask(paths.SUPERVISOR_SOCKET, "supervisor.getState", timeout=PATIENCE)
        if not isinstance(said, dict):
            raise OSError("an answer that is not supervisord's")  # noqa: TRY301 - as one of junk
    except OSError as error:
        if told.is_gone(error) or (is_coming and told.is_closed(error)):
            return False
        raise OSError(told.silence(error)) from None
    return True


def container_output() -> IO[bytes]:
    """
    Open the container's own output, its first process's; where that can't be had, /dev/null.
    """
    try:
        return pid_one.path("fd/1").open("ab")
    except OSError:
        return Path(os.devnull).open("ab")


def _supervise() -> None:
    given = {**saved.of_process(str(pid_one.number())), **saved.of_process("self")}
    arguments = given_arguments(main_process.command_line() or b"")
    variables = at_start.prepare({**given, **arguments})
    with container_output() as output:
        refused.apart(  # it outlives the shell that called us
            [*_reaper(), *paths.SUPERVISORD],
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    deadline = time.monotonic() + PATIENCE
    while not answers(is_coming=True):
        if time.monotonic() > deadline:
            raise OSError(f"supervisord does not answer; see {paths.LOGS}/supervisord.log")
        time.sleep(0.02)  # its socket appears, and nothing tells when


def _reaper() -> list[str]:
    """
    Return what takes in the orphans of our programs: PID 1 need not, `sleep` leaves them zombies.

    sshd leaves one for each connection that ends before its login: each of health's questions.
    """
    return [paths.TINI, "-s", "--"] if Path(paths.TINI).exists() else []
