"""
The environment of this start of the container, kept for whoever asks later.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from slipway.system import atomic, files


def save(path: Path, environment: Mapping[str, str]) -> None:
    """
    Write the start's environment, NUL-separated as in /proc/PID/environ, for root only.
    """
    content = b"".join(
        os.fsencode(name) + b"=" + os.fsencode(value) + b"\0" for name, value in environment.items()
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.write(path, content, durable=False)


def read(path: Path) -> dict[str, str]:
    """
    Return the environment that `save` wrote. Raises OSError.
    """
    return parse(files.read(path).split(b"\0"))


def of_process(pid: str) -> dict[str, str]:
    """
    Return what a process was started with. Raises OSError.

    Not os.environ: in a C locale Python has added LC_CTYPE to that (PEP 538).

    + pid: its number, or "self"
    """
    return parse(Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"))


def parse(words: Iterable[bytes]) -> dict[str, str]:
    """
    Split NAME=value words at the first `=`; others are no variables.
    """
    pairs = (os.fsdecode(word).partition("=") for word in words)
    return {name: value for name, separator, value in pairs if separator and name}
