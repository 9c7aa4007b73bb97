"""
The watcher that starts a convergence for a first key.
"""

from __future__ import annotations

import errno
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from supervisor import events

from slipway.contract import report
from slipway.services import supervisord
from slipway.services.supervisord import FirstKey
from tests.unit.conftest import reported


class Watched:
    """
    What FirstKey looks at: sshd, the two files, and what is started.
    """

    def __init__(self, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.keys, self.fallback = here / "authorized_keys", here / "fallback"
        self.runs = False
        self.laststart = 0.0
        self.refuses = False
        self.started = 0
        self.said: list[str] = []
        monkeypatch.setattr(supervisord, "KEY_FILES", (self.keys, self.fallback))
        monkeypatch.setattr(report, "load", reported)
        monkeypatch.setattr(subprocess, "Popen", self.popen)
        monkeypatch.setattr(events, "subscribe", lambda *_: None)
        logger = SimpleNamespace(critical=lambda text, **words: self.said.append(text % words))
        self.watch = FirstKey(
            SimpleNamespace(  # type: ignore[arg-type]
                process_groups={"sshd": self}, options=SimpleNamespace(logger=logger)
            )
        )

    @property
    def processes(self) -> dict[str, Any]:
        """As a group has them."""
        return {"sshd": self}

    def get_unstopped_processes(self) -> list[Any]:
        """As a group has them."""
        return [self] if self.runs else []

    def popen(self, _command: list[str]) -> None:
        """Start a convergence."""
        if self.refuses:
            raise OSError(errno.EAGAIN, "none left")
        self.started += 1

    def looks(self, times: int = 2) -> int:
        """Look; returns how many convergences that has begun."""
        before = self.started
        for _ in range(times):
            self.watch.look(None)
        return self.started - before


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watched:
    """
    A container without a key, whose sshd has not run.
    """
    return Watched(tmp_path, monkeypatch)


def test_a_convergence_that_can_not_be_started_is_tried_again(watched: Watched) -> None:
    """
    Without processes; it is said, and ends nothing.
    """
    watched.keys.write_text("key")
    watched.refuses = True
    assert watched.looks() == 0
    assert watched.said == ["no convergence for a first key: none left"] * 2
    watched.refuses = False

    assert watched.looks() == 1


def test_a_key_counts_where_it_is_kept(watched: Watched) -> None:
    """
    With authorized_keys mounted, keys are in Slipway's own file.
    """
    assert watched.looks() == 0
    watched.fallback.write_text("key")

    assert watched.looks() == 1


def test_an_sshd_that_ran_and_is_new_again_is_started(watched: Watched) -> None:
    """
    With the keys of before: supervisord has its file anew. One that was stopped stays so.
    """
    watched.keys.write_text("key")
    assert watched.looks() == 1
    watched.runs, watched.laststart = True, 5.0
    assert watched.looks() == 0
    watched.runs = False
    assert watched.looks() == 0
    watched.laststart = 0.0

    assert watched.looks() == 1
