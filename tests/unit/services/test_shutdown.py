"""
How supervisord ends: in order of priority, within its bound.
"""

from __future__ import annotations

import signal
from collections.abc import Mapping
from types import MappingProxyType, SimpleNamespace
from typing import Any

import pytest

from slipway.services.shutdown import Shutdown


class Process:
    """
    A process that needs some seconds to stop; None for one that ignores TERM.
    """

    environment: Mapping[str, str] | None = None  # of its file

    def __init__(self, needs: float | None, stopwaitsecs: int, clock: Clock) -> None:
        self.clock, self.needs = clock, needs
        logger = SimpleNamespace(warn=lambda *_arguments, **_words: None)
        options = SimpleNamespace(logger=logger)
        self.config = SimpleNamespace(
            name="x", stopwaitsecs=stopwaitsecs, options=options, environment=self.environment
        )
        self.told: float | None = None
        self.killed: float | None = None

    @property
    def runs(self) -> bool:
        """Whether it has not ended yet."""
        if self.killed is not None:
            return False
        if self.told is None or self.needs is None:
            return True
        return self.clock.now < self.told + self.needs

    def kill(self, number: int) -> None:
        """Take a signal."""
        assert number == signal.SIGKILL
        self.killed = self.clock.now


class Remote(Process):
    """
    One that Slipway has made for a remote.
    """

    environment = MappingProxyType({"REMOTE_CONFIGURATION": ""})


class Group:
    """
    A group of one process.
    """

    def __init__(self, name: str, priority: int, process: Process) -> None:
        self.config = SimpleNamespace(name=name, priority=priority)
        self.processes = {name: process}
        self.process = process

    def stop_all(self) -> None:
        """Send TERM."""
        self.process.told = self.process.clock.now

    def get_unstopped_processes(self) -> list[Any]:
        """Return the process while it runs."""
        return [self.process] if self.process.runs else []


class Clock:
    """
    Seconds since the stop began.
    """

    now = 0.0


def stop(*programs: tuple[str, int, float | None, int]) -> tuple[dict[str, Process], float]:
    """
    Stop programs given as name, priority, seconds needed, stopwaitsecs; returns when it was over.
    """
    clock = Clock()
    groups = [
        Group(name, priority, (Remote if name == "remote-x" else Process)(needs, waits, clock))
        for name, priority, needs, waits in programs
    ]
    ending = Shutdown(groups, 0.0)
    while any(group.process.runs for group in groups):
        ending.go_on(clock.now)
        clock.now += 0.2
        assert clock.now < 120
    return {group.config.name: group.process for group in groups}, clock.now


def test_one_priority_after_the_other() -> None:
    """
    Who was started last is told first; nobody waits for nothing.
    """
    processes, seconds = stop(
        ("first", 1, 0.1, 1), ("sshd", 10, 0.1, 2), ("a", 999, 0.5, 10), ("b", 999, 0.5, 10)
    )

    told = {name: process.told for name, process in processes.items()}
    assert told["a"] == told["b"] == 0
    assert told["a"] < told["sshd"] < told["first"]  # type: ignore[operator]
    assert all(process.killed is None for process in processes.values())
    assert seconds < 1.5


def test_a_priority_that_takes_long_holds_nobody_up() -> None:
    """
    A program that ignores TERM: the next are told beside it.
    """
    processes, seconds = stop(
        ("first", 1, 0.1, 1), ("sshd", 10, 0.1, 2), ("remote-x", 50, 1, 7), ("web", 999, None, 60)
    )

    assert processes["remote-x"].told == pytest.approx(1.8, abs=0.3)
    assert processes["remote-x"].killed is None
    assert processes["web"].killed == pytest.approx(7.0, abs=0.3)
    assert seconds <= 8


@pytest.mark.parametrize("number", [1, 3, 10, 40])
def test_however_many_ignore_it_it_is_over_in_eight_seconds(number: int) -> None:
    """
    At one priority each.
    """
    stubborn = [(f"p{index}", 100 + index, None, 60) for index in range(number)]
    _, seconds = stop(*stubborn)

    assert seconds <= 8


def test_remotes_may_ask_for_more() -> None:
    """
    SLIPWAY_DRAIN_SECONDS=30 is the user's word that Docker will wait.
    """
    processes, _ = stop(("first", 1, 0.1, 1), ("remote-x", 50, 29, 32), ("web", 999, None, 60))

    assert processes["remote-x"].killed is None
    assert processes["web"].killed == pytest.approx(32, abs=0.5)


def test_a_program_of_the_users_asks_for_nothing_by_its_name() -> None:
    """
    `remote-desktop` is no remote.
    """
    _, seconds = stop(("first", 1, 0.1, 1), ("remote-desktop", 50, None, 60))

    assert seconds <= 8
