"""
The pace of tries: never hotter than a rate, and at once where the last one began long ago.
"""

from __future__ import annotations

import time


class Pace:
    """
    Beginnings that are at least so many seconds apart, however long what begins lasts.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._next = 0.0

    def wait(self) -> None:
        """
        Return when the next try may begin, and count it as begun.
        """
        time.sleep(max(0.0, self._next - time.monotonic()))
        self._next = time.monotonic() + self.seconds
