"""
Whether a run changed nothing, by what it printed: only such a run is what was to be timed.
"""

from __future__ import annotations

import re


def slipway(output: str) -> bool:
    """
    Tell it of `slipway converge` and of `python -m slipway.fleet`.
    """
    return "unchanged" in output and not re.search(r"\b[1-9]\d* (changed|failed)\b", output)


def pyinfra(output: str) -> bool:
    """
    Tell it of pyinfra's own command: its totals are hosts, success, error and no change.
    """
    totals = re.search(r"Grand total +\S+ +(\S+) +(\S+) +\d+", output)
    return totals is not None and set(totals.groups()) == {"-"}


def ansible(output: str) -> bool:
    """
    Tell it of a playbook: its recap has a line a host. What tasks print may say anything.
    """
    counts = re.findall(r"\bchanged=(\d+)", output.partition("PLAY RECAP")[2])
    return bool(counts) and set(counts) == {"0"}
