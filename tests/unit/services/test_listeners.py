"""
Whose a port is, where the kernel tells less than it could.
"""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator

import pytest

from slipway.services import listeners
from slipway.system import listening


@pytest.fixture(params=[socket.AF_INET, socket.AF_INET6], ids=["IPv4", "IPv6"])
def port(request: pytest.FixtureRequest) -> Iterator[int]:
    """
    A port that this process listens on.
    """
    host = "127.0.0.1" if request.param == socket.AF_INET else "::1"
    try:
        made = socket.create_server((host, 0), family=request.param)
    except OSError as error:
        pytest.skip(f"no such address here: {error}")
    with made:
        yield made.getsockname()[1]


def test_a_port_is_its_process_and_its_ancestors(port: int) -> None:
    """
    Not that of a process beside it, whose words name this one.
    """
    with socket.socket() as connection:  # one that only uses the port is no listener
        connection.bind(("127.0.0.1", 0))
        assert listeners.obstacle(os.getpid(), port) == ""
        assert listeners.obstacle(os.getppid(), port) == ""
    beside = subprocess.Popen(["sleep", "1000"], start_new_session=True)
    why = listeners.obstacle(beside.pid, port)
    beside.kill()
    beside.wait()
    assert f"port {port} is another program's: " in why
    assert why.endswith(f"process {os.getpid()}")


@pytest.mark.parametrize("is_same", [True, False])
def test_where_descriptors_are_hidden_the_user_counts(
    port: int, monkeypatch: pytest.MonkeyPatch, *, is_same: bool
) -> None:
    """
    Without CAP_SYS_PTRACE, and without CAP_SETUID to become the other.
    """

    def hidden(_pid: int) -> set[int]:
        raise PermissionError

    monkeypatch.setattr(listeners, "sockets", hidden)
    if not is_same:
        monkeypatch.setattr(listeners, "_owner", lambda _pid: (4711, 4711))

    seen = listeners.obstacle(os.getpid(), port)
    assert seen == ("" if is_same else f"port {port} is another program's")


def test_where_the_kernel_tells_nothing_an_answer_counts(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    It is all that there is to go by.
    """
    monkeypatch.setattr(listening, "on", lambda _port: None)
    with socket.create_server(("127.0.0.1", 0)) as made:
        answering = made.getsockname()[1]
        assert listeners.obstacle(os.getpid(), answering) == ""

    assert listeners.obstacle(os.getpid(), answering) == f"nothing listens on port {answering}"
    assert port


def test_a_process_that_has_ended_listens_nowhere() -> None:
    child = os.fork()
    if not child:
        os._exit(0)
    os.waitpid(child, 0)
    with socket.create_server(("127.0.0.1", 0)) as made:
        why = listeners.obstacle(child, made.getsockname()[1])

    assert "is another program's" in why
