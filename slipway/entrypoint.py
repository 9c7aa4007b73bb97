"""
The container's entrypoint: arguments, environment, then supervisord and the convergence side by side.

`tini` is PID 1 above it, so that a TERM in the first milliseconds is not lost: PID 1 has no default
action for signals, and Python takes longer to install a handler than `docker stop` may take to come.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from slipway import environment, paths, settings

EX_CONFIG = 78  # sysexits.h

PYTHON = [f"{paths.PROJECT}/venv/bin/python3", "-I", "-m"]
SUPERVISORD = [f"{paths.PROJECT}/venv/bin/supervisord", "-n", "-c", str(paths.SUPERVISORD_CONF)]


def main(arguments: Sequence[str]) -> NoReturn:
    """
    Start the container; returns only by becoming supervisord or the user's command.
    """
    given, command = settings.split_arguments(arguments)
    variables = {**os.environ, **given}
    environment.save(paths.ENVIRONMENT, variables)
    loaded = settings.load(
        variables, read=lambda path: Path(path).read_bytes(), resolve=os.path.realpath
    )
    if loaded.settings.strict and loaded.refusals:
        for refusal in loaded.refusals:
            print(f"slipway: refused: {refusal}", file=sys.stderr)
        sys.exit(EX_CONFIG)
    child = {
        **variables,
        **environment.derive(
            loaded.settings.environment,
            workspace=loaded.settings.workspace,
            gpu_count=loaded.settings.gpu_count,
            surroundings=environment.observe(loaded.settings.workspace),
        ),
    }
    converge = [*PYTHON, "slipway", "converge"]
    if command:
        subprocess.run([*converge, "--without-services"], check=False, stdout=sys.stderr)
        _become(command, child)
    subprocess.Popen(converge)
    _become(SUPERVISORD, child)


def _become(command: Sequence[str], variables: dict[str, str]) -> NoReturn:
    sys.stdout.flush()
    try:
        os.execvpe(command[0], command, variables)  # noqa: S606 - words, not a shell's text
    except OSError as error:
        print(f"slipway: {command[0]}: {error.strerror}", file=sys.stderr)
        sys.exit(127 if isinstance(error, FileNotFoundError) else 126)  # as sh(1) says
    raise AssertionError("exec does not return")


if __name__ == "__main__":
    main(sys.argv[1:])
