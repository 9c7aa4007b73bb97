"""
A look at sshd's banner in supervisord's own loop.
"""

from __future__ import annotations

import select
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from slipway.services.knock import Knock


@contextmanager
def server(*said: bytes, hangs_up: bool = False) -> Iterator[int]:
    """
    Say something to whoever comes, and keep the line open until he goes.
    """
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                for part in said:
                    connection.sendall(part)
                    time.sleep(0.02)
                while not hangs_up and connection.recv(4096):
                    pass

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield listening.getsockname()[1]


def polled(
    port: int, *, address: str = "127.0.0.1", seconds: float = 1.0
) -> tuple[Knock, list[str]]:
    """
    Do what supervisord's loop does.
    """
    known: dict[int, Any] = {}
    failures: list[str] = []
    knock = Knock(address, port, known=known, failed=lambda: failures.append("failed"))
    deadline = time.monotonic() + seconds
    while known and time.monotonic() < deadline:
        reading = [number for number, each in known.items() if each.readable()]
        writing = [number for number, each in known.items() if each.writable()]
        readable, writable, _ = select.select(reading, writing, [], 0.1)
        for number in writable:
            known[number].handle_write_event()
        for number in readable:
            if number in known:
                known[number].handle_read_event()
    return knock, failures


@pytest.mark.parametrize(
    "said",
    [
        [b"SSH-2.0-OpenSSH_9.2\r\n"],
        [b"SSH-", b"2.0-OpenSSH_9.2\r", b"\n"],
        [b"SSH-2.0-x\r\nand a key exchange \0\1"],
    ],
)
def test_an_sshd_answers(said: list[bytes]) -> None:
    """
    However its banner comes in pieces; then the line is closed from both sides.
    """
    with server(*said) as port:
        knock, failures = polled(port)

    assert knock.has_answered
    assert knock.is_over
    assert failures == []


@pytest.mark.parametrize(
    "said", [[b"HTTP/1.1 400 Bad Request\r\n"], [b"x" * 300], [b""], [b"Exceeded MaxStartups\r\n"]]
)
def test_somebody_else_does_not(said: list[bytes]) -> None:
    """
    It is said once, and nothing is left open.
    """
    with server(*said, hangs_up=True) as port:
        knock, failures = polled(port)

    assert not knock.has_answered
    assert knock.is_over
    assert failures == ["failed"]


def test_nobody_there_is_no_answer() -> None:
    """
    The connection is refused.
    """
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    _, failures = polled(port)

    assert failures == ["failed"]


def test_silence_is_waited_for_by_nobody() -> None:
    """
    Who asks sees that there is no answer yet, and ends it.
    """
    with server() as port:
        knock, failures = polled(port, seconds=0.3)
        assert not knock.has_answered
        assert failures == []
        knock.end()

    assert knock.is_over
