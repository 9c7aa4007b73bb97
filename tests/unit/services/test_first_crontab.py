"""
The watcher that starts a convergence for a first crontab.
"""

from __future__ import annotations

import errno
import subprocess
import time
from types import SimpleNamespace
from typing import Any

import pytest
from supervisor import events

from slipway.contract import report
from slipway.services.cron import present
from slipway.services.first_crontab import FirstCrontab
from tests.unit.conftest import reported


class Watched:
    """
    What it looks at: cron, whether there is a crontab, and what is started.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_wanted = self.refuses = False
        self.laststart = 0.0
        self.started = 0
        self.said: list[str] = []
        self.stamp, self.looks = 1, 0
        monkeypatch.setattr(present, "wanted", self.wanted)
        monkeypatch.setattr(present, "stamps", lambda: [(self.stamp,)])
        monkeypatch.setattr(report, "load", reported)
        monkeypatch.setattr(subprocess, "Popen", self.popen)
        monkeypatch.setattr(events, "subscribe", lambda *_: None)
        logger = SimpleNamespace(critical=lambda text, **words: self.said.append(text % words))
        group = SimpleNamespace(processes={"cron": self})
        self.groups: dict[str, Any] = {"cron": group}
        self.watch = FirstCrontab(
            SimpleNamespace(process_groups=self.groups, options=SimpleNamespace(logger=logger))
        )

    def wanted(self) -> bool:
        """Tell whether there is one."""
        self.looks += 1
        return self.is_wanted

    def popen(self, _command: list[str]) -> None:
        """Start a convergence."""
        if self.refuses:
            raise OSError(errno.EAGAIN, "none left")
        self.started += 1

    def look(self) -> int:
        """Look once; returns how many convergences there were by then."""
        self.watch.look(None)
        return self.started


@pytest.fixture
def watched(monkeypatch: pytest.MonkeyPatch) -> Watched:
    return Watched(monkeypatch)


def test_a_first_crontab_converges_once(watched: Watched) -> None:
    """
    Whenever it comes; what comes of it is no longer this one's business.
    """
    assert watched.look() == 0
    watched.is_wanted, watched.stamp = True, 2
    assert [watched.look() for _ in range(3)] == [1, 1, 1]


def test_a_cron_that_has_run_is_left_as_it_is(watched: Watched) -> None:
    """
    Somebody may have stopped it.
    """
    watched.is_wanted, watched.laststart = True, 1.0

    assert watched.look() == 0
    watched.laststart = 0.0
    assert watched.look() == 0


def test_a_convergence_that_can_not_begin_is_begun_later(watched: Watched) -> None:
    """
    For want of a process, say.
    """
    watched.is_wanted = watched.refuses = True

    assert watched.look() == 0
    assert watched.said == ["no convergence for a first crontab: none left"]
    watched.refuses = False
    assert watched.look() == 1


def test_nothing_is_done_before_the_start_has_converged(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    It starts cron itself.
    """
    watched.is_wanted = True
    monkeypatch.setattr(report, "load", lambda: None)

    assert watched.look() == 0


def test_a_container_without_cron_is_left_alone(watched: Watched) -> None:
    """
    Somebody may have taken its file away.
    """
    watched.is_wanted = True
    watched.groups.clear()

    assert watched.look() == 0


def test_what_has_not_changed_is_not_read_again(watched: Watched) -> None:
    """
    It is looked at every five seconds for as long as the container lives.
    """
    assert [watched.look() for _ in range(3)] == [0, 0, 0]
    assert watched.looks == 1
    watched.stamp = 2
    watched.look()
    assert watched.looks == 2


def test_a_change_within_a_clock_tick(watched: Watched) -> None:
    """
    A second one within the same tick leaves the same time.
    """
    watched.stamp = time.time_ns()
    watched.look()
    watched.is_wanted = True

    assert watched.look() == 1
