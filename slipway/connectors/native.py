"""
Commands that a process in the container can do itself, without starting one.

A shell and its `stat` and `sha256sum` take 3 ms, `curl` 9; the same in Python takes a tenth of
that. Both forms read the actual state, and tests/unit/facts/ runs them side by side.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import stat
import subprocess
from collections.abc import Callable, Sequence
from typing import NamedTuple

from pyinfra.api import StringCommand

from slipway.system.bounded_files import BoundedFiles


class Result(NamedTuple):
    """
    What a command gives.
    """

    stdout: bytes
    stderr: bytes = b""
    code: int = 0


def read(path: str) -> Result:
    """
    Do what `[ ! -f PATH ] || cat PATH 2>/dev/null || true` does: a FIFO would be waited for.
    """
    files = BoundedFiles()
    try:
        return Result(files.read(path) if stat.S_ISREG(files.stat(path).mode) else b"")
    except OSError:
        return Result(b"")


def run(words: Sequence[str], paths: Sequence[str]) -> Result:
    """
    Do what `WORDS PATHS 2>/dev/null || true` does; paths that don't answer are left out.
    """
    files = BoundedFiles()
    risky = [path for path in paths if files.may_hang(path)]
    output = b""
    if safe := [path for path in paths if path not in risky]:
        output = output_of([*words, *safe])
    for path in risky:  # a look before would prove nothing: what it asks for may be cached
        with contextlib.suppress(OSError):
            output += files.ask(functools.partial(output_of, [*words, path]), path)
    return Result(output)


def output_of(words: Sequence[str]) -> bytes:
    """
    Return what a program prints; nothing where there is no such program.
    """
    try:
        return subprocess.run(
            words,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ).stdout
    except OSError:
        return b""


def unless_nothing(command: StringCommand, may_be: Callable[[], bool]) -> Inside:
    """
    Return a command that prints nothing, and is not run in here, where there is nothing.

    + may_be: tells whether there may be something
    """
    return Inside(command, lambda: by_shell(command) if may_be() else Result(b""))


def by_shell(command: StringCommand) -> Result:
    """
    Do what a command does as everywhere else: by sh.
    """
    done = subprocess.run(
        ["/bin/sh", "-c", command.get_raw_value()],
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
    )
    return Result(done.stdout, done.stderr, done.returncode)


def is_there(path: str) -> bool:
    """
    Tell whether something is at a path; where that can't be told it may be.
    """
    try:
        BoundedFiles().lstat(path)
    except OSError as error:
        return error.errno not in (errno.ENOENT, errno.ENOTDIR)
    return True


class Inside(StringCommand):
    """
    A command in two forms: for a shell anywhere, and for a connector that is inside.

    + command: for containers seen from outside, for stock pyinfra, and to be shown
    + act: does the same here
    """

    def __init__(self, command: StringCommand, act: Callable[[], Result]) -> None:
        super().__init__(command)
        self.act = act
