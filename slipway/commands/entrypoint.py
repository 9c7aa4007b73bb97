"""
The container's entrypoint: arguments, environment, then supervisord and the convergence at once.

`tini` is PID 1 above it, so that a TERM in the first milliseconds is not lost: PID 1 has no default
action for signals, and Python needs time to install a handler. TERM ends us at once until
supervisord has its own. INT and QUIT come blocked (the image's ENTRYPOINT says why) and wait for
supervisord; exec keeps a mask (signal(7)). `slipway-init` blocks TERM as well: where services run
already it must not end tini, and the kernel all of them.
"""

from __future__ import annotations

from slipway.system import lazily, refused

lazily.install()
refused.install()

import gc

gc.disable()  # nothing of what is imported is garbage

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from typing import NoReturn

from slipway.contract import exits, paths
from slipway.converge import light_pyinfra
from slipway.environment import at_start, main_process, own
from slipway.settings.arguments import split_arguments
from slipway.ssh import inside
from slipway.system import errors, locks
from slipway.system.unix_listener import is_listened_at

LATER = (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM)  # signals that may wait for supervisord
NOT_ROOT = (
    "slipway: this container starts as user {uid} (--user, USER, runAsUser), and Slipway as root: "
    "leave that out; SLIPWAY_USER=NAME:{uid} gives you a login with this number"
)
RUNS_ALREADY = (
    "slipway-init: the services run here already: `slipway converge` applies what has changed"
)


def main(arguments: Sequence[str]) -> NoReturn:
    """
    Start the container; never returns: it is supervisord then, or the user's command.

    Where supervisord runs already we leave it as it is. As the container's main process
    (`slipway start; exec slipway-init`) we stand for it: a stop of ours is its own. By hand we have
    no part in it.
    """
    if os.geteuid():
        sys.exit(NOT_ROOT.format(uid=os.geteuid()))
    given, command = split_arguments(arguments)
    variables = {**at_start.inherited(), **given}
    is_supervised = _is_supervised()
    if is_supervised and not main_process.is_this(os.getpid()):
        _only_run(command, variables)
    if command and not is_supervised:
        variables = at_start.prepare(variables)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, LATER)
        subprocess.run([*paths.CONVERGE, "--without-services"], check=False, stdout=sys.stderr)
        _become([*paths.BESIDE, *command], variables)
    begin = _fork_convergence()
    if is_supervised:
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})  # from here on it is theirs, too
    variables = _prepared(variables)
    os.write(begin, b"\n")
    if is_supervised:
        _become([*paths.BESIDE, *command], variables)
    os.close(begin)
    _supervise(variables)


def _prepared(variables: dict[str, str]) -> dict[str, str]:
    """
    Return what services see; where it can't be prepared, what was given: SSH does not wait for it.
    """
    try:
        return at_start.prepare(variables)
    except OSError as error:
        print(
            f"slipway: {errors.sentence(error)}: variables are as they were given", file=sys.stderr
        )
        return variables


def _is_supervised() -> bool:
    """
    Tell whether supervisord runs here already; one that `slipway start` begins now is waited for.
    """
    if locks.is_held(paths.START_LOCK):
        with locks.hold(paths.START_LOCK):
            pass
    return is_listened_at(paths.SUPERVISOR_SOCKET)


def _only_run(command: list[str], variables: dict[str, str]) -> NoReturn:
    """
    Become the command, or say that there is nothing to do: the services are not ours to end.
    """
    signal.pthread_sigmask(signal.SIG_UNBLOCK, LATER)
    if not command:
        sys.exit(RUNS_ALREADY)
    _become(command, variables)


def _fork_convergence() -> int:
    """
    Fork what will converge: it imports pyinfra while we prepare, on the other processor.

    Returns a descriptor: a byte written to it begins the convergence, its end without one (we
    refuse to start) ends the process. It is PID 1's child, not ours: supervisord would report it as
    an unknown one when it ends. Its session is its own, so that a terminal's Ctrl-C is
    supervisord's alone.
    """
    reading, writing = os.pipe()
    child = os.fork()
    if child:
        os.close(reading)
        os.waitpid(child, 0)
        return writing
    if os.fork():
        os._exit(0)
    os.close(writing)
    refused.go_without(os.setsid)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, LATER)
    code = 1
    try:
        code = _converge(reading)
        if code == exits.FAILED or not is_listened_at(paths.SUPERVISOR_SOCKET):
            _serve_at_least()
    except Exception:  # noqa: BLE001 - never on into what the parent does
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        os._exit(code)


def _converge(told: int) -> int:
    own.take()
    try:
        inside.begin()
        light_pyinfra.install()
        from slipway.commands import converge, output  # noqa: PLC0415 - only in the child
        from slipway.converge import here  # noqa: F401, PLC0415 - pyinfra comes after its stand-ins
    except OSError as error:  # a seccomp profile
        print(f"slipway: no convergence can run: {errors.sentence(error)}", file=sys.stderr)
        return exits.FAILED if os.read(told, 1) else os._exit(exits.OK)
    if not os.read(told, 1):
        os._exit(exits.OK)  # we refuse to start
    return output.guarded(lambda: converge.converge(beside_supervisord=True, is_start=True))


def _serve_at_least() -> None:
    from slipway.ssh import last_resort  # noqa: PLC0415 - most starts go well

    if last_resort.is_needed():
        last_resort.serve()


def _supervise(variables: dict[str, str]) -> NoReturn:
    """
    Be supervisord from here on, in this Python: a new one would import most of it again.
    """
    at_start.take(variables)
    from slipway.services import supervisord  # noqa: PLC0415 - only where none runs yet

    gc.freeze()
    gc.enable()
    try:
        supervisord.main(paths.SUPERVISORD_ARGUMENTS)
    except Exception as error:  # noqa: BLE001 - whatever it is, its owner gets in
        from slipway.ssh import last_resort  # noqa: PLC0415 - most starts go well

        kind = "" if isinstance(error, OSError) else f"{type(error).__name__}: "
        last_resort.stand_by(f"{kind}{errors.sentence(error)}")
    sys.exit()


def _become(command: Sequence[str], variables: dict[str, str]) -> NoReturn:
    sys.stdout.flush()
    try:
        os.execvpe(command[0], list(command), variables)  # noqa: S606 - words, not a shell's text
    except OSError as error:
        print(f"slipway: {command[0]}: {error.strerror}", file=sys.stderr)
        is_missing = isinstance(error, FileNotFoundError)
        sys.exit(exits.NOT_FOUND if is_missing else exits.NOT_EXECUTABLE)
    raise AssertionError("exec does not return")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except OSError as error:  # a read-only root without a tmpfs on /run, say
        sys.exit(f"slipway: {errors.sentence(error)}")
