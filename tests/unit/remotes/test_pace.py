"""
The pace of tries, and the end of a program.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator

import pytest

from slipway.remotes.pace import Pace
from slipway.remotes.stopping import Signals, Stop


class Clock:
    """
    A clock that sleeps at once.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        monkeypatch.setattr(time, "monotonic", lambda: self.now)
        monkeypatch.setattr(time, "sleep", self.advance)

    def advance(self, seconds: float) -> None:
        """
        Let time pass.
        """
        assert seconds >= 0
        self.now += seconds


def test_starts_are_never_hotter_than_the_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    What ends at once waits for its turn; what ran for longer than the pace begins again at once.
    """
    clock = Clock(monkeypatch)
    pace = Pace(12)
    starts = []
    for lasted in (0, 1, 10, 30, 0):
        pace.wait()
        starts.append(clock.now)
        clock.advance(lasted)

    assert [start - starts[0] for start in starts] == [0, 12, 24, 36, 66]


@pytest.fixture
def signals() -> Iterator[Signals]:
    """
    Handlers as a program has them.
    """
    before = [(number, signal.getsignal(number)) for number in (signal.SIGTERM, signal.SIGINT)]
    yield Signals()
    for number, handler in before:
        signal.signal(number, handler)


def test_a_stop_comes_where_the_program_is(signals: Signals) -> None:
    """
    Once: a second one does not cut the end short.
    """
    with pytest.raises(Stop):
        os.kill(os.getpid(), signal.SIGTERM)
    os.kill(os.getpid(), signal.SIGTERM)


def test_a_stop_waits_for_what_must_not_be_cut(signals: Signals) -> None:
    """
    A child that was just started is known by then.
    """
    done = []

    def block() -> None:
        with signals.held():
            os.kill(os.getpid(), signal.SIGTERM)
            done.append("to its end")

    with pytest.raises(Stop):
        block()

    assert done == ["to its end"]


def test_the_end_is_not_cut_by_the_stop_that_began_it(signals: Signals) -> None:
    """
    What is done then may hold stops back, too.
    """
    with pytest.raises(Stop):
        os.kill(os.getpid(), signal.SIGTERM)
    with signals.held():
        pass
