"""
A login's shell: what is where it should be, and whether the kernel can run that (execve(2)).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from slipway.ssh.account import Shell
from slipway.system.bounded_files import BoundedFiles

_BOUND = 1.0  # seconds for a look: health has few
_HEAD = 256  # bytes: the kernel looks at no more (binfmt_script)
_ELF = b"\x7fELF"
_MACHINE = slice(18, 20)  # of an ELF header: for which processor (elf(5))
# Those that run what they are given with -c, and end with its exit code
_COMMON = ("sh", "bash", "dash", "zsh", "fish", "ksh", "mksh", "ash", "busybox", "tcsh", "csh")


def look(path: str) -> Shell:
    """
    Return what is there.
    """
    bounded = BoundedFiles(bound=_BOUND)
    try:
        is_there = bool(bounded.ask(lambda: os.path.isfile(path), path))  # noqa: PTH113 - marshal
        is_executable = bool(bounded.ask(lambda: os.access(path, os.X_OK), path))
    except OSError:
        return Shell(is_there=False, is_executable=False)
    trouble = _trouble(bounded, path) if is_there and is_executable else ""
    return Shell(is_there, is_executable, trouble)


def is_common(path: str) -> bool:
    """
    Tell whether a shell runs what it is given, as far as its name tells.
    """
    return os.path.basename(path) in _COMMON  # noqa: PTH119 - a string


def _trouble(bounded: BoundedFiles, path: str) -> str:
    """
    Return why the kernel runs it not, "" where it does, or where that can't be told.
    """
    try:
        head, own = _head(bounded, path), _head(bounded, sys.executable)
    except OSError:
        return ""
    if head.startswith(b"#!"):
        line = head[2:].partition(b"\n")[0].replace(b"\t", b" ").strip(b" ")
        interpreter = line.partition(b" ")[0]
        shown = ascii(interpreter.decode(errors="replace"))[1:-1] or "no program"
        is_there = os.access(interpreter, os.X_OK)
        return "" if is_there else f"is a script for {shown}, which does not exist"
    if not head.startswith(_ELF):
        return "is no program"
    is_ours = own.startswith(_ELF) and head[_MACHINE] == own[_MACHINE]
    return "" if is_ours or not own.startswith(_ELF) else "is a program for another processor"


def _head(bounded: BoundedFiles, path: str) -> bytes:
    def read() -> bytes:
        with Path(path).open("rb") as stream:
            return stream.read(_HEAD)

    head: bytes = bounded.ask(read, path)
    return head
