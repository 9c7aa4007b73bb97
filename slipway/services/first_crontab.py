"""
Converges when a crontab comes to a container that had none: by `crontab -e`, a copy, a package.

Only where cron has not run since the container's start: one that somebody stopped stays stopped.
"""

from __future__ import annotations

import subprocess
import time
from typing import Any

from supervisor import events

from slipway.contract import report
from slipway.contract.paths import CONVERGE
from slipway.services.cron import present

SETTLED = 50_000_000  # nanoseconds: a clock's tick, within which a second change is not seen


class FirstCrontab:
    """
    Looks every five seconds.
    """

    def __init__(self, supervisor: Any) -> None:
        self.supervisor = supervisor
        self.is_over = False  # it has been asked for, and is cron's own business from now on
        self.seen: list[tuple[int, ...]] = []  # of the places that have held no crontab
        events.subscribe(events.Tick5Event, self.look)

    def look(self, _event: object) -> None:
        """Begin a convergence, which starts cron, for the first crontab that is there."""
        cron = self.supervisor.process_groups.get("cron")
        if self.is_over or cron is None:
            return
        if any(process.laststart for process in cron.processes.values()):
            self.is_over = True
            return
        if not self._is_wanted():
            return
        last = report.load()
        if last is None or last.boot != report.boot():
            return  # the convergence of this start is still at it
        try:
            subprocess.Popen([*CONVERGE, "--keep-stopped"])
        except OSError as error:  # no process to be had, and the next look tries again
            self.supervisor.options.logger.critical(
                "no convergence for a first crontab: %(why)s", why=error.strerror
            )
            return
        self.is_over = True

    def _is_wanted(self) -> bool:
        """
        Tell whether there is one; where nothing has changed since there was none, there is none.
        """
        stamps = present.stamps()
        if stamps == self.seen:
            return False
        is_settled = all(stamp[0] < time.time_ns() - SETTLED for stamp in stamps if stamp)
        is_wanted = present.wanted()
        self.seen = stamps if is_settled and not is_wanted else []
        return is_wanted
