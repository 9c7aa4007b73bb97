"""
What can't be had in this container, and the condition that is missing: said once, never fatal.
"""

from __future__ import annotations

from typing import NamedTuple

from pyinfra import host


class Degraded(NamedTuple):
    """
    A feature that does not work here, and why.
    """

    feature: str
    condition: str

    def __str__(self) -> str:
        return f"{self.feature}: {self.condition}"


def degrade(feature: str, condition: str) -> None:
    """
    Note on the current host that a feature does without; the report and `doctor` show it.
    """
    noted = host.connector_data.setdefault("degraded", [])
    entry = Degraded(feature, condition)
    if entry not in noted:
        noted.append(entry)
        host.log(f"degraded: {entry}")
