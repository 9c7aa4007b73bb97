"""
Health names all that is wrong, and what is to be done where nothing was started.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from slipway.commands import health
from slipway.contract import paths, report
from slipway.contract.report import Degraded, Operation
from slipway.environment import gpus
from slipway.services import told
from slipway.services.told import Told
from slipway.ssh import banner, verdict
from slipway.ssh.login import Obstacle
from slipway.ssh.situation import Situation
from tests.unit.conftest import reported

WELL = Situation([], [22], [("127.0.0.1", 22), ("::1", 22)], has_key=True)
SSHD = {
    "name": "sshd",
    "group": "sshd",
    "statename": "RUNNING",
    "start": 1,
    "pid": 7,
    "remote": False,
}


class Container:
    """
    A container that is well, unless a test says otherwise.
    """

    def __init__(self) -> None:
        self.login = WELL
        self.programs: list[dict[str, Any]] = [SSHD]
        self.silent: set[int] = set()  # ports without a banner
        self.asked: list[tuple[str, int]] = []

    def is_shown(self, *, address: str, port: int, **_options: object) -> bool:
        """Stand in for sshd."""
        self.asked.append((address, port))
        return port not in self.silent


@pytest.fixture
def container(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Container:
    """
    Have health look at a made-up container.
    """
    made_up = Container()
    last = reported()
    monkeypatch.setattr(report, "load", lambda: last)
    monkeypatch.setattr(gpus, "lost", lambda _path: "")
    monkeypatch.setattr(verdict, "look", lambda **_options: made_up.login)
    monkeypatch.setattr(banner, "is_shown", made_up.is_shown)
    monkeypatch.setattr(told, "ask", lambda **_options: Told(made_up.programs, [], []))
    for name in ("UNFINISHED", "LOCK", "SUPERVISOR_SOCKET"):
        monkeypatch.setattr(paths, name, tmp_path / name)
    return made_up


def test_a_port_is_asked_once(container: Container) -> None:
    """
    By IPv4 where it listens there: a second question to a hung sshd would be too late.
    """
    assert health.examine().line == "healthy"
    assert container.asked == [("127.0.0.1", 22)]


def test_all_that_is_wrong_is_named(container: Container, monkeypatch: pytest.MonkeyPatch) -> None:
    failed = [Operation("SSH", name, "failed", 0.1, "no") for name in ("one", "two")]
    last = reported(operations=failed)
    monkeypatch.setattr(report, "load", lambda: last)
    monkeypatch.setattr(gpus, "lost", lambda _path: "gone")
    down = {**SSHD, "name": "web", "group": "web", "statename": "FATAL", "spawnerr": "no such file"}
    container.programs = [SSHD, down, {**down, "name": "db"}]
    container.login = WELL._replace(
        obstacles=[Obstacle("bad mode", is_chosen=False), Obstacle("PermitRootLogin no")]
    )
    container.silent = {22}

    assert health.examine().line == (
        "unhealthy: SSH: one: no; SSH: two: no; GPU: gone; web is FATAL: no such file; "
        "db is FATAL: no such file; root can't log in: bad mode; sshd does not answer"
    )


@pytest.mark.parametrize(
    ("login", "line"),
    [
        (
            WELL._replace(obstacles=[Obstacle("PermitRootLogin no", "/x line 1")]),
            "healthy (root can't log in: PermitRootLogin no (/x line 1))",
        ),
        (
            WELL._replace(obstacles=[Obstacle("no terminal", refuses=False)]),
            "healthy (no terminal)",
        ),
        (
            WELL._replace(obstacles=[Obstacle("bad mode", is_chosen=False)]),
            "unhealthy: root can't log in: bad mode",
        ),
        (
            WELL._replace(obstacles=[Obstacle("bad mode", is_chosen=False)], has_key=False),
            "healthy (root can't log in: bad mode)",
        ),
    ],
)
def test_what_somebody_may_want_is_a_note(
    container: Container, login: Situation, line: str
) -> None:
    container.login = login

    assert health.examine().line == line


def test_an_sshd_that_hangs_up_is_not_asked(container: Container) -> None:
    """
    TCP wrappers close the connection before it says what it is.
    """
    container.login = WELL._replace(obstacles=[Obstacle("wrappers", closes=True)])
    container.silent = {22}

    assert health.examine().line == "healthy (root can't log in: wrappers)"
    assert container.asked == []


@pytest.mark.parametrize(
    ("silent", "line"),
    [
        ({2222}, "unhealthy: sshd does not answer on port 2222"),
        ({22, 2222}, "unhealthy: sshd does not answer; sshd does not answer on port 2222"),
        (set(), "healthy"),
    ],
)
def test_every_port_is_asked(container: Container, silent: set[int], line: str) -> None:
    container.login = WELL._replace(listening=[("127.0.0.1", 22), ("127.0.0.1", 2222)])
    container.silent = silent

    assert health.examine().line == line


@pytest.mark.parametrize(
    ("silent", "has_key", "line"),
    [
        (set(), True, "healthy (degraded sshd)"),  # a cloud's own sshd
        ({22}, False, "healthy (degraded sshd)"),
        (
            {22},
            True,
            "unhealthy: port 22 is another server's, which is no sshd: nobody logs in there",
        ),
    ],
)
def test_another_server_at_sshds_port_is_an_sshd_or_an_illness(
    container: Container,
    monkeypatch: pytest.MonkeyPatch,
    silent: set[int],
    line: str,
    *,
    has_key: bool,
) -> None:
    """
    Ours is left out for it, and root logs in there or nowhere.
    """
    last = reported()._replace(degraded=[Degraded("sshd", "port 22 is taken")])
    monkeypatch.setattr(report, "load", lambda: last)
    container.programs = [{**SSHD, "statename": "STOPPED", "pid": 0}]
    container.login = WELL._replace(has_key=has_key)
    container.silent = silent

    assert health.examine().line == line


def test_what_is_known_at_the_bound_is_said(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gpus, "lost", lambda _path: "gone")

    def hang(*_words: object, **_options: object) -> None:
        raise health.TooLate

    monkeypatch.setattr(told, "ask", hang)
    assert health.examine().line == "unhealthy: GPU: gone"
    monkeypatch.setattr(gpus, "lost", lambda _path: "")
    assert health.examine().line == "unhealthy: no verdict after 4 s"


def test_where_nothing_was_started_it_says_how(
    container: Container, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    This machine's PID 1 is none of ours; a supervisord that is there is.
    """
    monkeypatch.setattr(report, "load", lambda: None)
    nothing = health.examine().line
    paths.SUPERVISOR_SOCKET.touch()

    assert nothing == "unhealthy: Slipway was not started here: run `slipway start`"
    assert health.examine().line == "unhealthy: the convergence of this start has not ended"


def declared(condition: str, **changes: Any) -> dict[str, Any]:
    """
    Return a declared program, but for some of it.
    """
    states = {"waiting": "STOPPED", "off": "STOPPED", "stopped": "STOPPED"}
    own = {
        "name": "web",
        "group": "web",
        "statename": states.get(condition, "RUNNING"),
        "start": 0 if condition in ("waiting", "off") else 1,
    }
    told = {"declared": True, "late": False, "within": 60, "why": "", "waits_for": [], "off": False}
    return {**SSHD, **own, **told, "condition": condition, **changes}


CIRCLE = "waits for itself: `after` is a circle"
WAITING = declared("waiting", name="app", group="app", waits_for=["web"])


@pytest.mark.parametrize(
    ("programs", "line"),
    [
        ([declared("ready")], "healthy"),
        ([declared("starting")], "healthy (web is starting)"),
        (
            [declared("starting", late=True, why="HTTP status 503")],
            "unhealthy: web is not ready after 60 s: HTTP status 503",
        ),
        ([declared("starting", late=True)], "unhealthy: web is not ready after 60 s"),
        ([declared("lost")], "unhealthy: web is lost, and was ready before it ended"),
        ([declared("lost", declared=False)], "healthy"),
        ([declared("starting"), WAITING], "healthy (web is starting)"),
        ([declared("lost"), WAITING], "unhealthy: web is lost, and was ready before it ended"),
        ([declared("stopped"), WAITING], "healthy (web was stopped by hand)"),
        ([declared("off"), WAITING], "healthy (web is switched off, and app waits for it)"),
        ([declared("off")], "healthy"),
        ([declared("off", off=True, start=1)], "healthy"),
        (
            [declared("stopped", start=0), WAITING],
            "unhealthy: web does not start by itself, and app waits for it",
        ),
        ([WAITING], "unhealthy: web is no program here, and app waits for it"),
        (
            [WAITING, {**WAITING, "name": "b", "group": "b"}],
            "unhealthy: web is no program here, and app, b wait for it",
        ),
        (
            [declared("failed", statename="FATAL", spawnerr="no such file"), WAITING],
            "unhealthy: web is FATAL: no such file",
        ),
        ([{**WAITING, "statename": "BACKOFF"}, declared("starting")], "healthy (web is starting)"),
        (
            [WAITING, declared("waiting", waits_for=["app"])],
            f"unhealthy: web {CIRCLE}; app {CIRCLE}",
        ),
    ],
)
def test_the_one_that_is_not_ready_is_named(
    container: Container, programs: list[dict[str, Any]], line: str
) -> None:
    """
    With why; whoever waits for it is not.
    """
    container.programs = [SSHD, *programs]

    assert health.examine().line == line
