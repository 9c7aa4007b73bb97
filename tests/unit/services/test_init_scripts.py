"""
Debian's init scripts, where supervisord runs the program: what is meant is done.
"""

from __future__ import annotations

from typing import Any

import pytest

from slipway.services import init_scripts
from slipway.services.cron import present
from slipway.services.init_scripts import NOT_OURS, main
from slipway.ssh import usable
from slipway.system import supervisor_rpc
from slipway.system.supervisor_rpc import Fault

# What is asked for, the program's state ("" for a supervisord without it, None for none at all),
# what is done, and the exit code
TABLE: list[tuple[str, str, str | None, list[str], int]] = [
    ("ssh", "restart", "RUNNING", ["reload"], 0),
    ("ssh", "reload", "RUNNING", ["reload"], 0),
    ("ssh", "force-reload", "RUNNING", ["reload"], 0),
    ("ssh", "restart", "BACKOFF", ["restart sshd"], 0),
    ("ssh", "restart", "STOPPED", ["start sshd"], 0),
    ("ssh", "start", "RUNNING", [], 0),
    ("ssh", "start", "STOPPED", ["start sshd"], 0),
    ("ssh", "stop", "RUNNING", ["stop sshd"], 0),
    ("ssh", "stop", "STOPPED", [], 0),
    ("ssh", "status", "RUNNING", [], 0),
    ("ssh", "status", "STOPPED", [], 3),
    ("ssh", "nonsense", "RUNNING", [], NOT_OURS),
    ("ssh", "restart", "", [], NOT_OURS),
    ("ssh", "start", None, [], NOT_OURS),
    ("cron", "start", "STOPPED", ["start cron"], 0),
    ("cron", "restart", "RUNNING", ["restart cron"], 0),
    ("supervisor", "restart", "x", ["update"], 0),
    ("supervisor", "start", "x", [], 0),
    ("supervisor", "status", "x", ["status"], 0),
    ("supervisor", "stop", "x", [], 1),
    ("supervisor", "stop", None, [], NOT_OURS),
]


@pytest.fixture
def done(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """
    What supervisorctl and sshd are told.
    """
    told: list[str] = []

    def control(*words: str) -> int:
        told.append(" ".join(words))
        return 0

    monkeypatch.setattr(init_scripts, "_control", control)
    monkeypatch.setattr(init_scripts, "_runs_elsewhere", lambda: False)
    monkeypatch.setattr(usable, "reload", lambda: told.append("reload"))
    monkeypatch.setattr(usable, "left_out", list)
    monkeypatch.setattr(present, "wanted", lambda: True)
    return told


def answer(monkeypatch: pytest.MonkeyPatch, state: str | None) -> None:
    """
    Have supervisord say so.
    """

    def call(*_words: Any, **_options: Any) -> list[Any]:
        if state is None:
            raise ConnectionRefusedError
        return [{"statename": state} if state else Fault(10, "BAD_NAME")]

    monkeypatch.setattr(supervisor_rpc, "call", call)


@pytest.mark.parametrize("row", TABLE, ids=lambda row: " ".join(map(str, row[:3])))
def test_what_is_meant_is_done(
    done: list[str],
    monkeypatch: pytest.MonkeyPatch,
    row: tuple[str, str, str | None, list[str], int],
) -> None:
    service, verb, state, expected, code = row
    answer(monkeypatch, state)

    assert (main(service, verb), done) == (code, expected)


def test_an_sshd_of_somebody_elses_is_the_scripts(
    done: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    A cloud's own, say, on whose port ours waits.
    """
    answer(monkeypatch, "STOPPED")
    monkeypatch.setattr(init_scripts, "_runs_elsewhere", lambda: True)

    assert (main("ssh", "restart"), done) == (NOT_OURS, [])


def test_no_cron_runs_without_a_crontab(
    done: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answer(monkeypatch, "STOPPED")
    monkeypatch.setattr(present, "wanted", lambda: False)

    assert (main("cron", "start"), done) == (0, [])
    assert "as soon as there is a crontab" in capsys.readouterr().out


def test_lines_that_sshd_cannot_use_are_said(
    done: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """
    As the distribution's script fails then.
    """
    answer(monkeypatch, "RUNNING")
    monkeypatch.setattr(usable, "left_out", lambda: ["x.conf line 1: Foo"])

    assert (main("ssh", "restart"), done) == (1, ["reload"])
    assert "left out: x.conf line 1: Foo" in capsys.readouterr().out
