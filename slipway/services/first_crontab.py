"""
Converges when a crontab comes to a container that had none: by `crontab -e`, a copy, a package.

Only where cron has not run since the container's start: one that somebody stopped stays stopped.
"""

from __future__ import annotations

import subprocess
from typing import Any

from supervisor import events

from slipway.contract import report
from slipway.contract.paths import CONVERGE
from slipway.services.cron import present


class FirstCrontab:
    """
    Looks every five seconds.
    """

    def __init__(self, supervisor: Any) -> None:
        self.supervisor = supervisor
        self.is_over = False  # it has been asked for, and is cron's own business from now on
        events.subscribe(events.Tick5Event, self.look)

    def look(self, _event: object) -> None:
        """Begin a convergence, which starts cron, for the first crontab that is there."""
        cron = self.supervisor.process_groups.get("cron")
        if self.is_over or cron is None:
            return
        if any(process.laststart for process in cron.processes.values()):
            self.is_over = True
            return
        last = report.load()
        if last is None or last.boot != report.boot() or not present.wanted():
            return  # the convergence of this start is still at it, or there is nothing to run
        try:
            subprocess.Popen([*CONVERGE, "--keep-stopped"])
        except OSError as error:  # no process to be had, and the next look tries again
            self.supervisor.options.logger.critical(
                "no convergence for a first crontab: %(why)s", why=error.strerror
            )
            return
        self.is_over = True
