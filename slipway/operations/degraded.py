"""
What can't be had in this container, and the condition that is missing: said once, never fatal.
"""

from __future__ import annotations

from pyinfra import host

from slipway.contract.refusal import Note
from slipway.contract.report import Degraded


def degrade(feature: str, condition: str) -> None:
    """
    Note on the current host that a feature does without; the report and `doctor` show it.
    """
    noted = host.connector_data.setdefault("degraded", [])
    entry = Degraded(feature, condition)
    if entry not in noted:
        noted.append(entry)
        host.log(f"degraded: {entry}")


def note(subject: str, text: str) -> None:
    """
    Have the report of this run say something that is nobody's fault.
    """
    host.connector_data.setdefault("notes", []).append(Note(subject, text))
