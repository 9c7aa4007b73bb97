"""
Programs that are begun before their answers are needed, beside our own work on another processor.
"""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Sequence

_begun: dict[tuple[str, ...], subprocess.Popen[bytes]] = {}


def begin(words: Sequence[str]) -> None:
    """
    Start a program, for `run`. One that can't be started has no answer there.

    It inherits our descriptors, and so the lock that we are started under: it keeps that should we
    be killed.
    """
    with contextlib.suppress(OSError):
        if tuple(words) not in _begun:
            _begun[tuple(words)] = _started(words)


def is_begun(words: Sequence[str]) -> bool:
    """
    Tell whether somebody has begun it and nobody has taken its answer.
    """
    return tuple(words) in _begun


def run(words: Sequence[str]) -> subprocess.CompletedProcess[bytes]:
    """
    Return how a program ended: the one that was begun, or one that starts now. Raises OSError.
    """
    with _begun.pop(tuple(words), None) or _started(words) as process:
        output, errors = process.communicate()
    return subprocess.CompletedProcess(list(words), process.returncode, output, errors)


def end() -> None:
    """
    End those whose answers nobody has taken: their zombies would be PID 1's, which need not look.
    """
    while _begun:
        _, process = _begun.popitem()
        process.terminate()
        with process:  # waits
            process.communicate()


def _started(words: Sequence[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        list(words),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        close_fds=False,
    )
