"""
When a program that is down is tried again.
"""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest
from supervisor.states import ProcessStates

from slipway.services import conditions
from slipway.services.comeback import Life


@pytest.mark.parametrize(
    ("state", "delay", "due", "seconds"),
    [
        (ProcessStates.BACKOFF, 3, 0, 3),
        (ProcessStates.BACKOFF, -3, 0, 0),
        (ProcessStates.FATAL, 0, 20, 20),
        (ProcessStates.FATAL, 0, -5, 0),
        (ProcessStates.FATAL, 0, None, -1),
        (ProcessStates.RUNNING, 9, 9, -1),
        (ProcessStates.STOPPED, 9, 9, -1),
    ],
)
def test_the_next_try_is_told(state: int, delay: float, due: float | None, seconds: int) -> None:
    """
    One that is never tried again has none.
    """
    life = Life()
    life.due = 0.0 if due is None else time.monotonic() + due
    process = SimpleNamespace(state=state, delay=time.time() + delay, life=life)

    assert conditions._next_try(process) == seconds  # noqa: SLF001 - `of` wants a whole supervisord
