"""
Commands that a process in the container can do itself, without starting one.

A shell and its `stat` and `sha256sum` take 3 ms, `curl` 9; the same in Python takes a tenth of
that. Both forms read the actual state, and tests/unit/facts/ runs them side by side.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from pyinfra.api import StringCommand

from slipway.system import files


class Result(NamedTuple):
    """
    What a command gives.
    """

    stdout: bytes
    stderr: bytes = b""
    code: int = 0


def read(path: str) -> Result:
    """
    Do what `cat PATH 2>/dev/null || true` does.
    """
    return Result(files.readable(Path(path)) or b"")


class Inside(StringCommand):
    """
    A command in two forms: for a shell anywhere, and for a connector that is inside.

    + command: for containers seen from outside, for stock pyinfra, and to be shown
    + act: does the same here
    """

    def __init__(self, command: StringCommand, act: Callable[[], Result]) -> None:
        super().__init__(command)
        self.act = act
