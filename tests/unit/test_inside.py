"""
What a process in the container does itself, instead of starting a command.
"""

from __future__ import annotations

import socket
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xmlrpc.client import dumps

import pytest
from pyinfra.api import Config, Inventory, State, StringCommand
from pyinfra.api.host import Host

from slipway.facts import supervisor
from slipway.inside import Inside, Result
from slipway.operations.supervisor import checked

CALLS: list[Any] = [("supervisor.startProcess", ("sshd", False))]
FAULT = {"faultCode": 60, "faultString": "ALREADY_STARTED: sshd"}


@pytest.fixture
def live() -> Host:
    """
    The machine that the tests run on, as pyinfra's host.
    """
    inventory = Inventory((["@live"], {}))
    State(inventory, Config(SHELL=None, TEMP_DIR="/tmp"))
    (host,) = inventory
    return host


class Supervisord:
    """
    A socket that gives each request one answer.
    """

    def __init__(self, path: Path, answer: Any) -> None:
        self.body = dumps(([answer],), methodresponse=True).encode()
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(path))
        self.socket.listen()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self) -> None:
        """Answer until the socket is closed."""
        head = f"HTTP/1.0 200 OK\r\nContent-Length: {len(self.body)}\r\n\r\n".encode()
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                connection.sendall(head + self.body)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """
    Where the socket is.
    """
    place = tmp_path / "supervisor.sock"
    monkeypatch.setattr(supervisor, "SUPERVISOR_SOCKET", place)
    yield place
    place.unlink(missing_ok=True)


@pytest.mark.parametrize("answer", [[True], FAULT])
def test_a_request_means_the_same_in_both_forms(path: Path, answer: Any) -> None:
    """
    Exit code, and the fault on stderr; curl is the one outside, a socket of our own the one inside.
    """
    server = Supervisord(path, answer)
    command = checked(CALLS)
    assert isinstance(command, Inside)

    outside = subprocess.run(
        ["/bin/sh", "-c", command.get_raw_value()], check=False, capture_output=True
    )
    inside = command.act()
    server.socket.close()

    assert outside.returncode == inside.code == int(answer == FAULT)
    assert outside.stdout == inside.stdout == b""
    assert outside.stderr.strip() == inside.stderr.strip()
    assert (b"ALREADY_STARTED" in inside.stderr) == (answer == FAULT)


def test_without_supervisord_a_request_fails_and_the_fact_is_none(path: Path) -> None:
    """
    An image build: nothing listens, and that is an answer.
    """
    failed = checked(CALLS)
    fact = supervisor.SupervisordState().command()
    assert isinstance(failed, Inside)
    assert isinstance(fact, Inside)

    assert failed.act().code == 7
    assert fact.act() == Result(b"")


def test_live_acts_itself_unless_it_must_be_somebody_else(live: Host) -> None:
    """
    With arguments that change how a command runs, the shell runs it.
    """
    command = Inside(StringCommand("echo", "$GREETING"), lambda: Result(b"here\n", b"hm\n", 3))

    ok, output = live.run_shell_command(command)
    assert (ok, output.stdout, output.stderr) == (False, "here", "hm")
    ok, output = live.run_shell_command(command, _success_exit_codes=[3], _timeout=5)
    assert (ok, output.stdout) == (True, "here")
    ok, output = live.run_shell_command(command, _env={"GREETING": "outside"})
    assert (ok, output.stdout) == (True, "outside")
