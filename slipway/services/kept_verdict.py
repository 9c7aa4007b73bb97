"""
What health has said, with what it rests on: left by `slipway health --keep` for supervisord.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from slipway.contract import paths
from slipway.system import atomic, files


class Verdict(NamedTuple):
    """
    A verdict that only what it names may change.
    """

    line: str
    files: list[str]  # whose change may change it
    places: list[str]  # likewise, by owner and mode alone
    sshd: list[list[Any]]  # addresses and ports where it answered
    again: float  # seconds after which it has to be asked anew, whatever has changed


def write(verdict: Verdict) -> None:
    """
    Leave one. Raises OSError.
    """
    atomic.write(paths.VERDICT, json.dumps(verdict._asdict()).encode(), durable=False)


def read() -> Verdict | None:
    """
    Return the last one; None where health had none that can be kept.
    """
    try:
        return Verdict(**json.loads(files.readable(paths.VERDICT) or b""))
    except (ValueError, TypeError):
        return None
