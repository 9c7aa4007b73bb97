"""
Crontabs.
"""

from __future__ import annotations

from pyinfra.api import FactBase, StringCommand

from slipway.connectors.native import Inside, Result
from slipway.contract.paths import PYTHON
from slipway.services.cron import present


class CrontabIsThere(FactBase[bool]):
    """
    Returns whether somebody has written a crontab.
    """

    default = bool

    def command(self) -> StringCommand:
        """Look where cron looks."""
        command = StringCommand(*PYTHON, "slipway.services.cron.present")
        return Inside(command, lambda: Result(b"yes\n" if present.wanted() else b""))

    def process(self, output: list[str]) -> bool:
        """Any word is yes."""
        return bool(output)
