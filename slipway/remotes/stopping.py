"""
The end of a program that somebody asks for: SIGTERM or SIGINT, once, and never in a bad moment.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Stop(Exception):  # noqa: N818 - no error: somebody asks for the end
    """
    SIGTERM or SIGINT came.
    """


class Signals:
    """
    Raises Stop where the program is when a signal comes, or at the end of what must not be cut.
    """

    def __init__(self) -> None:
        self._held = False
        self._came = False
        for number in _SIGNALS:
            signal.signal(number, self._stop)

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """
        Let a block come to its end first: a child that has just been started must be known.
        """
        self._held = True
        try:
            yield
        finally:
            self._held = False
        if self._came:
            self._came = False  # the end itself may hold stops back, too
            raise Stop

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)  # once is enough: the end must not be cut short
        if not self._held:
            raise Stop
        self._came = True
