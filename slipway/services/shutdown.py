"""
The order and the bound of a container's stop.

Docker kills everything ten seconds after its TERM, mounts with pending uploads among it.
supervisord stops one priority after the other and waits `stopwaitsecs` for each, ten seconds by
default and any number that a child image has chosen: their sum is what a stop takes. Here it is
over in eight: programs of one priority stop together, one that takes long is not waited for by the
next, and what is left after seven seconds is killed. A program that waits for others when it starts
(slipway.services.order) is told before these, whatever the priorities.
"""

from __future__ import annotations

import math
import signal
from collections.abc import Sequence
from typing import Any

from slipway.services import order, own_programs

ALONE = 2.5  # seconds at most that a priority has for itself
BOUND = 7.0  # seconds after which those that still run are killed; our remotes may ask for more
LAST = 0.6  # seconds between two kills of what is left


class Shutdown:
    """
    The end of all programs: from the highest priority to the lowest, within a bound.
    """

    def __init__(self, groups: Sequence[Any], now: float) -> None:
        self.groups = groups
        self.level = order.levels(
            groups, {each.config.name: float(each.config.priority) for each in groups}
        )
        self.floor = (math.inf, 0)  # the lowest level that has been told to stop
        self.next = now  # when the next one is told though this one has not stopped
        self.levels = sorted(set(self.level.values()), reverse=True)
        self.alone = min(ALONE, BOUND / max(len(self.levels), 1))
        drains = [
            process.config.stopwaitsecs
            for group in groups
            for process in group.processes.values()
            if own_programs.is_remotes(process)
        ]
        self.deadline = now + max(BOUND, *drains, 0)

    def go_on(self, now: float) -> None:
        """
        Tell the next priorities, if it is time, and kill who has had his.
        """
        for level in self.levels:
            if level >= self.floor:
                continue
            if self._left() and now < min(self.next, self.deadline):
                break
            self.floor, self.next = level, self.next + self.alone
            for group in self.groups:
                if self.level[group.config.name] == level:
                    group.stop_all()
        if now >= self.deadline:
            for process in self._left():
                process.config.options.logger.warn(  # noqa: G010 - supervisor's own kind of logger
                    "killing %(name)s: a stop may take no longer", name=process.config.name
                )
                process.kill(signal.SIGKILL)
            self.deadline = now + LAST

    def _left(self) -> list[Any]:
        """Return the processes that have been told and still run."""
        return [
            process
            for group in self.groups
            if self.level[group.config.name] >= self.floor
            for process in group.get_unstopped_processes()
        ]
