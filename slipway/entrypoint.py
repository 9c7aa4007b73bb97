"""
The container's entrypoint: arguments, environment, then supervisord and the convergence at once.

`tini` is PID 1 above it, so that a TERM in the first milliseconds is not lost: PID 1 has no default
action for signals, and Python needs time to install a handler. TERM ends us at once until
supervisord has its own. INT and QUIT come blocked (the image's ENTRYPOINT says why) and wait for
supervisord; exec keeps a mask (signal(7)).
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from slipway.contract import paths
from slipway.converge import light_pyinfra
from slipway.environment import forms, gpus
from slipway.settings import load

EX_CONFIG = 78  # sysexits.h
LATER = (signal.SIGINT, signal.SIGQUIT)  # signals that wait for supervisord

SUPERVISORD = [
    *paths.PYTHON,
    "slipway.services.supervisord",
    "-n",
    "-c",
    str(paths.SUPERVISORD_CONF),
]


def main(arguments: Sequence[str]) -> NoReturn:
    """
    Start the container; returns only by becoming supervisord or the user's command.
    """
    given, command = load.split_arguments(arguments)
    begin = None if command else _fork_convergence()
    variables = prepare({**process_environment("self"), **given})
    if command:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, LATER)
        subprocess.run([*paths.CONVERGE, "--without-services"], check=False, stdout=sys.stderr)
        _become(command, variables)
    if begin is not None:
        os.write(begin, b"\n")
    _become(SUPERVISORD, variables)


def process_environment(pid: str) -> dict[str, str]:
    """
    Return what a process was started with. Raises OSError.

    Not os.environ: in a C locale Python has added LC_CTYPE to that (PEP 538).
    """
    return forms.parse(Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"))


def prepare(variables: dict[str, str]) -> dict[str, str]:
    """
    Save the environment of this start; returns what services see. Exits with 78 under strict.
    """
    forms.save(paths.ENVIRONMENT, variables)
    gpus.record(paths.DEVICES)
    loaded = load.load(
        variables, read=lambda path: Path(path).read_bytes(), resolve=os.path.realpath
    )
    if loaded.settings.strict and loaded.refusals:
        for refusal in loaded.refusals:
            print(f"slipway: refused: {refusal}", file=sys.stderr)
        sys.exit(EX_CONFIG)
    around = forms.observe(loaded.settings.workspace)
    kept = {name: value for name, value in variables.items() if name not in loaded.withheld}
    return {**kept, **forms.derive(loaded.settings, around)}


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
    os.setsid()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, LATER)
    code = 1
    try:
        code = _converge(reading)
    except Exception:  # noqa: BLE001 - never on into what the parent does
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stdout.flush()
        os._exit(code)


def _converge(told: int) -> int:
    light_pyinfra.install()
    from slipway.commands import cli  # noqa: PLC0415 - only here, and after lean
    from slipway.converge import here  # noqa: F401, PLC0415 - only here, and after lean

    return cli.main(["converge", "--beside-supervisord"]) if os.read(told, 1) else 0


def _become(command: Sequence[str], variables: dict[str, str]) -> NoReturn:
    sys.stdout.flush()
    try:
        os.execvpe(command[0], list(command), variables)  # noqa: S606 - words, not a shell's text
    except OSError as error:
        print(f"slipway: {command[0]}: {error.strerror}", file=sys.stderr)
        sys.exit(127 if isinstance(error, FileNotFoundError) else 126)  # as sh(1) says
    raise AssertionError("exec does not return")


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except OSError as error:  # a read-only root without a tmpfs on /run, say
        sys.exit(f"slipway: {error.filename}: {error.strerror}")
