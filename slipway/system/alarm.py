"""
An end to what takes too long in this process: an exception in the middle of it.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType


@contextmanager
def ring_after(seconds: float, error: BaseException) -> Iterator[None]:
    """
    Raise an error in a block that takes longer. For a process's main thread; it takes SIGALRM.
    """

    def ring(_number: int, _frame: FrameType | None) -> None:
        raise error

    before = signal.signal(signal.SIGALRM, ring)
    with suppress(signal.ItimerError):  # a seccomp profile: nothing rings
        signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        with suppress(signal.ItimerError):
            signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
