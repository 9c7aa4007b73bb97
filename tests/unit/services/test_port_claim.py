"""
Whose sshd's port is, and who gives it back.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from slipway.services import port_claim, told
from slipway.services.told import Told
from slipway.ssh import configured, pid_file
from slipway.system import listening, supervisor_rpc

LISTEN = """
import os, socket, sys, time
host, port, *options = sys.argv[1:]
listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
if "reuseport" in options:
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
listener.bind((host, int(port)))
listener.listen()
if "daemon" in options and os.fork():
    os._exit(0)
time.sleep(1000)
"""
Listen = Callable[..., "subprocess.Popen[bytes]"]


def of(name: str, pid: int, *, remote: bool = False, state: str = "RUNNING") -> dict[str, Any]:
    """
    Return what supervisord tells of a program.
    """
    return {"group": name, "name": name, "pid": pid, "remote": remote, "statename": state}


@pytest.fixture
def port() -> int:
    """
    A port that is nobody's.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        number: int = free.getsockname()[1]
    return number


@pytest.fixture
def listen(port: int) -> Iterator[Listen]:
    """
    Have a process listen on the port, wrapped in others if wanted; returns when it does.
    """
    begun: list[subprocess.Popen[bytes]] = []

    def begin(
        host: str = "0.0.0.0",  # noqa: S104 - nobody connects
        *options: str,
        wrap: tuple[str, ...] = (),
        marked: bool = False,
    ) -> subprocess.Popen[bytes]:
        words = [*wrap, sys.executable, "-c", LISTEN, host, str(port), *options]
        mark = {"SUPERVISOR_ENABLED": "1"} if marked else {}
        before = set(listening.on(port) or ())
        made = subprocess.Popen(words, env={**os.environ, **mark}, start_new_session=True)
        begun.append(made)
        deadline = time.monotonic() + 10
        while set(listening.on(port) or ()) == before:
            assert time.monotonic() < deadline, "it listens"
            time.sleep(0.01)
        return made

    yield begin
    for each in begun:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(each.pid, 9)
        each.wait()


@pytest.mark.parametrize("host", ["0.0.0.0", "127.0.0.1", "127.0.0.9", "::1", "::"])  # noqa: S104
def test_a_program_at_any_address_is_found(listen: Listen, port: int, host: str) -> None:
    """
    By its first process, whatever lies between that and the one that listens.
    """
    made = listen(host, wrap=("sh", "-c", '"$@"; true', "sh"))
    found = port_claim.takers([port], [of("web", made.pid), of("other", os.getppid())])

    assert [(each.program, each.is_ours) for each in found] == [("web:web", True)]
    assert str(found[0]).startswith("web:web (")


def test_whose_it_is_decides(listen: Listen, port: int) -> None:
    """
    A session of sshd's, and what nobody's program has started, are strangers.
    """
    made = listen()

    def is_ours(*programs: dict[str, Any]) -> list[bool]:
        return [each.is_ours for each in port_claim.takers([port], list(programs))]

    assert is_ours(of("web", made.pid)) == [True]
    assert is_ours(of("cron", made.pid)) == [True]
    assert is_ours(of("web", 0)) == [False]
    assert is_ours() == [False]
    assert is_ours(of("sshd", made.pid)) == [], "sshd itself"


def test_a_daemon_is_known_by_its_environment(listen: Listen, port: int) -> None:
    """
    Its program does not know it any more.
    """
    made = listen("0.0.0.0", "daemon", marked=True)  # noqa: S104
    made.wait()

    (found,) = port_claim.takers([port], [])
    assert (found.program, found.is_ours) == ("", True)


def test_nobody_has_a_free_port(port: int) -> None:
    """
    And processes are not looked through for one.
    """
    assert port_claim.takers([port], [of("web", os.getpid())]) == []


class Supervisord:
    """
    A stand-in for its answers.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch, programs: list[dict[str, Any]]) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.on_stop: Callable[[], object] = lambda: None
        monkeypatch.setattr(told, "ask", lambda timeout: Told(programs, [], []))  # noqa: ARG005
        monkeypatch.setattr(supervisor_rpc, "call", self.call)
        monkeypatch.setattr(pid_file, "wait", lambda **_: self.calls.append(("wait",)))

    def call(self, _path: object, calls: list[Any], *, timeout: float) -> list[Any]:  # noqa: ARG002
        """
        Note a call.
        """
        ((method, words),) = calls
        self.calls.append((method.removeprefix("supervisor."), *words))
        if method == "supervisor.stopProcess" and words[0] != "sshd":
            self.on_stop()
        return [True]


@pytest.mark.parametrize(
    ("state", "again"),
    [
        ("RUNNING", [("signalProcess", "sshd", "HUP")]),
        ("STARTING", [("signalProcess", "sshd", "HUP")]),
        ("BACKOFF", [("stopProcess", "sshd", True), ("startProcess", "sshd", False)]),
        ("FATAL", [("stopProcess", "sshd", True), ("startProcess", "sshd", False)]),
    ],
)
def test_a_program_starts_again_behind_sshd(
    listen: Listen, port: int, monkeypatch: pytest.MonkeyPatch, state: str, again: list[Any]
) -> None:
    """
    Between its stop and its start sshd has had its turn.
    """
    made = listen()
    supervisord = Supervisord(monkeypatch, [of("web", made.pid), of("sshd", 0, state=state)])
    supervisord.on_stop = made.kill

    named = f"web:web ({Path(f'/proc/{made.pid}/comm').read_text().strip()}, process {made.pid})"

    assert port_claim.claim([port]) == [named]
    assert supervisord.calls == [
        ("stopProcess", "web:web", True),
        *again,
        ("wait",),
        ("startProcess", "web:web", False),
    ]


def test_a_program_that_was_stopped_starts_again_in_any_case(
    listen: Listen, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Also where sshd can't be told to.
    """
    made = listen()
    supervisord = Supervisord(monkeypatch, [of("web", made.pid), of("sshd", 0, state="BACKOFF")])
    supervisord.on_stop = made.kill

    def late(**_given: Any) -> None:
        raise TimeoutError

    monkeypatch.setattr(pid_file, "wait", late)
    port_claim.main([str(port)])

    assert supervisord.calls[-1] == ("startProcess", "web:web", False)


def test_what_outlives_its_program_is_ended(
    listen: Listen, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    The stop of a shell leaves the server that it has started.
    """
    made = listen(wrap=("sh", "-c", '"$@" & wait', "sh"))
    Supervisord(monkeypatch, [of("web", made.pid), of("sshd", 0, state="BACKOFF")])

    assert len(port_claim.claim([port])) == 1
    assert not listening.on(port)


def test_a_job_is_ended_and_cron_goes_on(
    listen: Listen, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    It is no program that could be stopped by itself.
    """
    made = listen(wrap=("sh", "-c", '"$@"; sleep 1000', "sh"))
    supervisord = Supervisord(monkeypatch, [of("cron", made.pid), of("sshd", 0, state="BACKOFF")])
    port_claim.claim([port])

    assert not any("cron:cron" in call for call in supervisord.calls)
    assert not listening.on(port)
    assert made.poll() is None


def test_a_strangers_port_stays_his(
    listen: Listen, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Nothing is asked of supervisord.
    """
    made = listen()
    supervisord = Supervisord(monkeypatch, [of("sshd", 0, state="BACKOFF")])

    assert port_claim.claim([port]) == []
    assert supervisord.calls == []
    assert made.poll() is None
    assert not port_claim.is_claimable(port)


def test_the_ports_are_sshds_by_default(
    listen: Listen, port: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """
    Who has lost one is told in the container's log.
    """
    made = listen()
    supervisord = Supervisord(monkeypatch, [of("web", made.pid), of("sshd", 0, state="BACKOFF")])
    supervisord.on_stop = made.kill
    monkeypatch.setattr(configured, "ports", f"{port}\n".encode)
    assert port_claim.is_claimable(port)
    port_claim.main([])

    said = capsys.readouterr().err
    assert said.startswith(f"slipway: sshd: its port {port} was taken by web:web (python")


def test_a_supervisord_that_ends_is_no_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A stop of the container in that moment.
    """

    def gone(**_given: Any) -> Told:
        raise FileNotFoundError

    monkeypatch.setattr(told, "ask", gone)
    port_claim.main(["22"])

    assert not port_claim.is_claimable(22)
