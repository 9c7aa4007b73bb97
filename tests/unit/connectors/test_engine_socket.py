"""
The engine's API over a unix socket, by a server that answers as the test says.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from slipway.connectors import engine
from slipway.connectors.engine_socket import EngineError, EngineSocket

JSON = b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n"


class Server:
    """
    Gives each request one answer, in pieces, and remembers what was asked.
    """

    def __init__(self, path: Path, answer: bytes) -> None:
        self.asked: list[bytes] = []
        self._answer = answer
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(path))
        self._socket.listen()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection:
                self.asked.append(connection.recv(1 << 16))
                half = len(self._answer) // 2
                with contextlib.suppress(OSError):  # who has had enough hangs up
                    for part in (self._answer[:half], self._answer[half:]):
                        connection.sendall(part)

    def close(self) -> None:
        """
        Listen no more.
        """
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Callable[[bytes], tuple[EngineSocket, Server]]]:
    """
    Begin servers.
    """
    begun: list[Server] = []

    def begin(answer: bytes) -> tuple[EngineSocket, Server]:
        path = tmp_path / f"{len(begun)}.sock"
        begun.append(Server(path, answer))
        return EngineSocket(str(path)), begun[-1]

    yield begin
    for server in begun:
        server.close()


@pytest.mark.parametrize(
    ("ask", "head", "body"),
    [
        (
            lambda api: api.containers(filters={"label": "a&b"}),
            b"GET /containers/json?filters=%7B%22label%22%3A%20%5B%22a%26b%22%5D%7D HTTP/1.0",
            None,
        ),
        (
            lambda api: api.inspect_container("a/../b?c d"),
            b"GET /containers/a%2F..%2Fb%3Fc%20d/json HTTP/1.0",
            None,
        ),
        (
            lambda api: api.exec_create("f00", ["sh", "-c", "ü"], stdin=True, user="1:2"),
            b"POST /containers/f00/exec HTTP/1.0",
            {
                "AttachStdin": True,
                "AttachStdout": True,
                "AttachStderr": True,
                "Cmd": ["sh", "-c", "ü"],
                "User": "1:2",
            },
        ),
    ],
    ids=["list", "inspect", "exec"],
)
def test_a_question_is_asked_as_the_engine_takes_it(
    servers: Any, ask: Callable[[EngineSocket], Any], head: bytes, body: Any
) -> None:
    """
    Names are quoted; the answer is read to its end.
    """
    answer = {"Id": "x" * 100_000}
    api, server = servers(JSON + json.dumps(answer).encode())

    assert ask(api) == answer
    first, _, rest = server.asked[0].partition(b"\r\n")
    assert first == head
    headers, _, content = rest.partition(b"\r\n\r\n")
    assert f"Content-Length: {len(content)}".encode() in headers
    assert (json.loads(content) if content else None) == body


def test_what_comes_with_the_head_is_the_streams(servers: Any) -> None:
    """
    Nothing is lost of a command that is quick.
    """
    api, server = servers(b"HTTP/1.1 101 UPGRADED\r\nUpgrade: tcp\r\n\r\nfirst bytes and more")
    connection = api.exec_start("1", socket=True)
    received = b""
    while more := connection.receive(time.monotonic() + 10):
        received += more
    connection.close()

    assert received == b"first bytes and more"
    assert server.asked[0].startswith(b"POST /exec/1/start HTTP/1.1\r\n")
    assert b"Upgrade: tcp\r\n" in server.asked[0]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (
            b'HTTP/1.0 404 Not Found\r\n\r\n{"message":"No such container: x"}',
            "no such container: x",
        ),
        (b"HTTP/1.0 301 Moved\r\nLocation: /\r\n\r\n<a href=/>", "no such container"),
        (b"HTTP/1.0 500 Error\r\n\r\n[]", "no such container"),
        (JSON + b'{"Id": "a', ": an answer that is cut off"),
        (JSON, ": an answer that is cut off"),
        (b"", ": no engine answers there"),
        (b"SSH-2.0-OpenSSH\r\n", ": no engine answers there"),
        (b"HTTP/1.1\r\n\r\n", ": no engine answers there"),
        (b"x" * 200_000, ": no engine answers there"),
    ],
)
def test_what_is_no_answer_is_an_error_for_a_person(servers: Any, answer: bytes, said: str) -> None:
    """
    Said as the engine says it, or with the socket that was asked.
    """
    api, _ = servers(answer)
    with pytest.raises(EngineError) as refusal:
        api.inspect_container("x")

    assert str(refusal.value).endswith(said)


def test_a_command_that_can_not_be_started_is_an_error(servers: Any) -> None:
    api, _ = servers(b'HTTP/1.1 409 Conflict\r\n\r\n{"message":"Container x is not running"}')
    with pytest.raises(EngineError, match=r"^container x is not running$"):
        api.exec_start("1", socket=True)


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("", "/var/run/docker.sock"),
        ("unix:///nowhere/engine.sock", "/nowhere/engine.sock"),
        ("unix:///it's/an odd one", "/it's/an odd one"),
        ("unix://relative", None),
        ("tcp://192.0.2.1:2375", None),
    ],
)
def test_a_unix_socket_needs_no_sdk(
    host: str, path: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Every other engine is the SDK's to reach.
    """
    monkeypatch.setenv("DOCKER_HOST", host)
    monkeypatch.setattr(engine, "_sdk", lambda: "the SDK")
    engine._api.cache_clear()  # noqa: SLF001 - asked anew, as in a new process
    try:
        api = engine._api()  # noqa: SLF001 - likewise
    finally:
        engine._api.cache_clear()  # noqa: SLF001 - likewise

    assert getattr(api, "_path", None) == path
    assert path is not None or api == "the SDK"


def test_no_socket_is_said_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"/engine\.sock: No such file or directory$"):
        EngineSocket(str(tmp_path / "engine.sock")).inspect_container("x")
