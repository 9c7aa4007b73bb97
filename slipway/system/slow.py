"""
A program that is slow is waited for; one that hangs is not: a FIFO has all the time of the world.

On a machine that is overloaded the difference decides whether what is well is called ill.
"""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Callable, Sequence

from slipway.system import processes

_LOOKS = 6  # at processes; one that is ready to run in half of them wants the processor
_BETWEEN = 0.05  # seconds between two: in all of them one that works has had a tick of its clock
_LONGEST = 5  # times its patience


def works(pids: Sequence[int], *, wait: Callable[[float], object] = time.sleep) -> bool:
    """
    Tell whether some of these processes have the processor, or wait for it and nothing else.

    + wait: called between two looks, with seconds
    """
    before, ready = sum(map(processes.ticks, pids)), 0
    for _ in range(_LOOKS):
        ready += any(map(processes.is_ready, pids))
        wait(_BETWEEN)
    return sum(map(processes.ticks, pids)) > before or ready * 2 >= _LOOKS


def run(
    words: Sequence[str], *, patience: float, given: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    """
    Run a command. Raises OSError, and TimeoutExpired for one that hangs or never ends.

    + patience: seconds for what hangs; what works has five times as many
    + given: its input, no more than a pipe holds (64 KiB, pipe(7))
    """
    pipe = subprocess.PIPE
    said: list[tuple[bytes, bytes]] = []
    with subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=pipe) as process:

        def wait(seconds: float, given: bytes | None = None) -> None:
            if not said:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    said.append(process.communicate(given, timeout=seconds))

        deadline = time.monotonic() + _LONGEST * patience
        try:
            wait(patience, given)
            while not said and time.monotonic() < deadline:
                if not works([process.pid, *processes.descendants(process.pid)], wait=wait):
                    break
        finally:
            process.kill()
    if not said:
        raise subprocess.TimeoutExpired(words, patience)
    return subprocess.CompletedProcess(words, process.returncode, *said[0])
