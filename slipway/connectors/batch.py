"""
Several commands as one: their exit codes and outputs told apart again.
"""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Sequence

from slipway.connectors.shell import Result

_MOST = 120_000  # bytes of one argument: Linux takes 131,072, MAX_ARG_STRLEN


class Batch:
    """
    Commands that don't read input and don't depend on each other.
    """

    def __init__(self, commands: Sequence[str]) -> None:
        """
        Take as many of the commands, from the first on, as a shell takes at once.
        """
        self._mark = secrets.token_hex(16)
        steps = [
            f"(\n{command}\n) < /dev/null; "
            f"printf '%s %s\\n' {self._mark} $?; printf '%s 0\\n' {self._mark} >&2\n"
            for command in commands
        ]
        sizes = itertools.accumulate(len(step.encode(errors="surrogateescape")) for step in steps)
        fit = sum(size < _MOST for size in sizes)
        self.commands = list(commands[:fit])
        self.script = "".join(steps[:fit])

    def results(self, whole: Result) -> dict[str, Result]:
        """
        Return each command's result; those that a syntax error kept from running are left out.

        + whole: what the script gave
        """
        parts = zip(self._parts(whole.stdout), self._parts(whole.stderr), strict=False)
        return {
            command: Result(code, stdout, stderr)
            for command, ((stdout, code), (stderr, _)) in zip(self.commands, parts, strict=False)
        }

    def _parts(self, output: bytes) -> list[tuple[bytes, int]]:
        first, *rest = output.split(f"{self._mark} ".encode())
        parts, before = [], first
        for part in rest:
            code, _, after = part.partition(b"\n")
            parts.append((before, int(code)))
            before = after
        return parts
