"""
Which logs to look at, and when.
"""

from __future__ import annotations

import time

TICK = 0.5  # seconds between two looks where nothing can tell us of changes


class Agenda:
    """
    The names of the logs that may hold something new: now, in their order, or later.
    """

    def __init__(self) -> None:
        self.waiting: dict[str, None] = {}
        self.due: dict[str, float] = {}  # by the monotonic clock

    def now(self, name: str) -> None:
        """
        Look at a log in the next round.
        """
        self.waiting[name] = None

    def later(self, name: str, seconds: float) -> None:
        """
        Look at a log again after so many seconds; an earlier time that was said before holds.
        """
        self.due.setdefault(name, time.monotonic() + seconds)

    def settled(self, name: str) -> None:
        """
        Drop the later look at a log.
        """
        self.due.pop(name, None)

    def take(self) -> dict[str, bool]:
        """
        Return the names of this round, and of each whether its later time has come.
        """
        now = time.monotonic()
        aged = {name for name, at in self.due.items() if at <= now}
        for name in aged:
            del self.due[name]
        names = [*self.waiting, *(aged - self.waiting.keys())]
        self.waiting = {}
        return {name: name in aged for name in names}

    def pause(self, *, longest: float | None, other: float | None) -> float | None:
        """
        Return the milliseconds until something is to be done without being told; None: never.

        + longest: seconds after which to look in any case
        + other: when something else is to be done, by the monotonic clock
        """
        if self.waiting:
            return 0
        at = [*self.due.values(), *([] if other is None else [other])]
        pauses = [max(0.0, min(at) - time.monotonic())] if at else []
        if longest is not None:
            pauses.append(longest)
        return min(pauses) * 1000 + 1 if pauses else None
