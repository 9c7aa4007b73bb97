"""
The record of who is logged in, utmp(5).
"""

from __future__ import annotations

import os
import time

from pyinfra.api import FactBase, StringCommand

from slipway.connectors.native import Inside, Result
from slipway.contract.paths import ENVIRONMENT, UTMP


class SessionRecord(FactBase[str]):
    """
    Returns what is wrong with the record; "" for nothing.

    One that is older than this start holds sessions that have ended without saying so. A start that
    is dated in the future, by a clock that was wrong, tells nothing.
    """

    default = str

    def command(self) -> StringCommand:
        """Compare it with what the start has saved."""
        command = StringCommand(
            f"if [ ! -f {UTMP} ]; then echo missing;",
            f'elif [ {UTMP} -ot {ENVIRONMENT} ] && [ -z "$(find {ENVIRONMENT} -newermt now)" ];',
            "then echo of an earlier start; fi",
        )
        return Inside(command, _compared)

    def process(self, output: list[str]) -> str:
        """Take the words."""
        return "".join(output)


def _compared() -> Result:
    """
    Do what the command does.
    """
    if not UTMP.is_file():
        return Result(b"missing\n")
    try:
        start = os.stat(ENVIRONMENT).st_mtime_ns  # noqa: PTH116
        is_older = os.stat(UTMP).st_mtime_ns < start <= time.time_ns()  # noqa: PTH116
    except OSError:
        is_older = False  # not started by us
    return Result(b"of an earlier start\n" if is_older else b"")
