"""
Which logs to look at, and when.
"""

from __future__ import annotations

import pytest

from slipway.services.logs.agenda import Agenda


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """
    The time, as its only entry.
    """
    now = [100.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    return now


def test_a_round_keeps_the_order_and_says_whose_time_has_come(clock: list[float]) -> None:
    agenda = Agenda()
    for name in ("b", "a", "b"):
        agenda.now(name)
    agenda.later("a", 1)
    agenda.later("c", 1)
    agenda.later("d", 5)
    clock[0] += 1

    assert list(agenda.take().items()) == [("b", False), ("a", True), ("c", True)]
    assert agenda.take() == {}


def test_the_first_time_said_holds_until_it_is_settled(clock: list[float]) -> None:
    agenda = Agenda()
    agenda.later("a", 1)
    agenda.later("a", 9)
    agenda.later("b", 1)
    agenda.settled("b")
    clock[0] += 1

    assert agenda.take() == {"a": True}


@pytest.mark.parametrize(
    ("longest", "other", "expected"),
    [(None, None, None), (0.5, None, 501), (None, 102.0, 2001), (0.5, 102.0, 501), (3, 99.0, 1)],
)
def test_a_pause_ends_with_whatever_comes_first(
    clock: list[float], longest: float | None, other: float | None, expected: float | None
) -> None:
    """
    In milliseconds, one too many rather than one too few; None is for ever.
    """
    agenda = Agenda()

    assert agenda.pause(longest=longest, other=other) == expected
    agenda.later("a", 0.25)
    assert agenda.pause(longest=longest, other=other) == min(251, expected or 251)
    agenda.now("a")
    assert agenda.pause(longest=longest, other=other) == 0
