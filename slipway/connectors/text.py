"""
Bytes and text as pyinfra exchanges them with connectors.
"""

from __future__ import annotations

from typing import IO, Any

from pyinfra.api.util import get_file_io
from pyinfra.connectors.util import CommandOutput, OutputLine


def stdin(given: object) -> bytes | None:
    """
    Return what `_stdin` means: text, lines or a stream of lines, each ended by a newline.

    + given: None for no input; bytes are taken as they are
    """
    if given is None or isinstance(given, bytes):
        return given
    if hasattr(given, "readlines"):
        given = given.readlines()
    lines = given if isinstance(given, (list, tuple)) else [given]
    return b"".join(line if line.endswith(b"\n") else line + b"\n" for line in map(_bytes, lines))


def content(file: str | IO[Any]) -> bytes:
    """
    Return the content of a file, given by its name or open. Raises OSError.
    """
    with get_file_io(file) as stream:
        return _bytes(stream.read())


def output(stdout: bytes, stderr: bytes) -> CommandOutput:
    """
    Return a command's output as pyinfra has it: lines, with bytes that are no UTF-8 kept.
    """
    return CommandOutput(
        [OutputLine("stdout", line) for line in _lines(stdout)]
        + [OutputLine("stderr", line) for line in _lines(stderr)]
    )


def _bytes(text: object) -> bytes:
    return text if isinstance(text, bytes) else str(text).encode(errors="surrogateescape")


def _lines(output: bytes) -> list[str]:
    lines = output.decode(errors="surrogateescape").split("\n")
    return lines[:-1] if lines[-1] == "" else lines
