"""
When declared programs are ready, under a real supervisord: looks at ports, URLs and by commands.
"""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from slipway.services.declaration import Declared
from slipway.services.probes import obstacle
from tests.unit.services.conftest import Running, declared, until

# Listens, and answers as it is told, while a file is there
SERVER = """
import http.server, os, sys, time
port, gate, status = int(sys.argv[1]), sys.argv[2], sys.argv[3]
while not os.path.exists(gate):
    time.sleep(0.02)
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(int(status))
        self.end_headers()
    def log_message(self, *words):
        print("asked", self.path, flush=True)
listener = http.server.HTTPServer(("127.0.0.1", port), Answer)
listener.timeout = 0.2
while os.path.exists(gate):
    listener.handle_request()
"""

# Listens, and takes no connection
MUTE = [
    sys.executable,
    "-c",
    (
        "import os, socket, time; made = socket.create_server(('', int(os.environ['PORT'])));"
        "time.sleep(1000)"
    ),
]


def free_port() -> int:
    """
    Return a port that nobody listens on.
    """
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        number: int = one.getsockname()[1]
        return number


def server(port: int, gate: Path, status: int = 200) -> list[str]:
    """
    Return the command of a server that waits at a gate first.
    """
    return [sys.executable, "-c", SERVER, str(port), str(gate), str(status)]


def is_(running: Running, name: str, condition: str) -> None:
    """
    Wait until a program is so.
    """
    until(lambda: running.conditions()[name] == condition, f"{name} is {condition}")


@pytest.mark.parametrize("kind", ["tcp", "http", "command"])
def test_it_is_ready_when_it_is_found_so_and_not_looked_at_again(
    running: Running, kind: str
) -> None:
    """
    Starting before, with the reason; afterwards no look is made, and nothing wakes supervisord.
    """
    port, gate = free_port(), running.here / "gate"
    ready = {
        "tcp": "tcp",
        "http": f"http://127.0.0.1:{port}/api?x=1",
        "command": ("test", "-e", "gate"),
    }[kind]
    declared(
        running, "web", server(port, gate), directory=str(running.here), port=port, ready=ready
    )
    running.start()
    until(lambda: running.program("web")["why"], "a reason")
    before = running.program("web")
    gate.touch()
    is_(running, "web", "ready")
    log = running.here / "web.log"
    asked = log.read_text().count("asked") if log.exists() else 0

    assert before["condition"] == "starting"
    assert before["why"] == (
        "its `ready` command ended with 1"
        if kind == "command"
        else f"nothing listens on port {port}"
    )
    assert asked == (kind == "http")
    time.sleep(1)  # in which four looks would be made
    assert (log.read_text().count("asked") if log.exists() else 0) == asked
    assert running.program("web")["why"] == ""


@pytest.mark.parametrize(
    ("status", "expected", "why"),
    [
        (200, (), ""),
        (204, (), ""),
        (302, (), ""),
        (401, (), "HTTP status 401"),
        (503, (), "HTTP status 503"),
        (401, (401, 403), ""),
        (200, (401,), "HTTP status 200"),
    ],
)
def test_an_url_is_ready_with_the_status_that_is_expected(
    status: int, expected: tuple[int, ...], why: str
) -> None:
    """
    Any of 200 to 399 where nothing is said.
    """

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Answer."""
            self.send_response(status)
            self.end_headers()
            self.wfile.write(b"x" * 100_000)

        def log_message(self, *_words: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Answer) as made:
        Thread(target=made.handle_request, daemon=True).start()
        port = made.server_port
        seen = obstacle(os.getpid(), Declared(ready=f"http://127.0.0.1:{port}", status=expected))

    assert seen == why


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"HTTP/1.0 200 OK\r\n\r\n", ""),
        (b"HTTP/1.1 200\r\n\r\n", ""),
        (b"HTTP/1.1 301 Moved\nLocation: http://127.0.0.1:1/\n\n", ""),
        (b"HTTP/1.1 404 Not Found\r\n\r\n", "HTTP status 404"),
        (b"HTTP/1.1 100 Continue\r\n\r\n", "HTTP status 100"),
        (b"HTTP/1.1 OK\r\n\r\n", "an answer that is no HTTP"),
        (b"SSH-2.0-OpenSSH\r\n", "an answer that is no HTTP"),
        (b"200", "an answer that is no HTTP"),
        (b"\x00" * 10_000, "an answer that is no HTTP"),
        (b"", "an answer that is no HTTP"),
    ],
)
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]"])
def test_what_answers_otherwise_is_not_ready(host: str, answer: bytes, why: str) -> None:
    """
    Whatever speaks at the port, and however the URL names this machine.
    """
    family = socket.AF_INET6 if "[" in host else socket.AF_INET
    try:
        made = socket.create_server((host.strip("[]"), 0), family=family)
    except OSError as error:
        pytest.skip(f"no such address here: {error}")

    def serve() -> None:
        connection, _ = made.accept()
        with connection:
            connection.recv(1 << 16)
            connection.sendall(answer)

    with made:
        Thread(target=serve, daemon=True).start()
        url = f"http://{host}:{made.getsockname()[1]}/"
        assert obstacle(os.getpid(), Declared(ready=url)) == why


@pytest.fixture
def foreign() -> Iterator[int]:
    """
    A port that this process listens on.
    """
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made.getsockname()[1]


@pytest.mark.parametrize("kind", ["tcp", "http"])
def test_a_port_that_somebody_else_has_is_not_ready(
    running: Running, foreign: int, kind: str
) -> None:
    """
    And that is said, with his name.
    """
    ready = {"tcp": "tcp", "http": f"http://127.0.0.1:{foreign}/"}[kind]
    declared(running, "web", ["sleep", "1000"], port=foreign, ready=ready)
    running.start()
    why = until(lambda: running.program("web")["why"], "a reason")

    assert why.startswith(f"port {foreign} is another program's: ")
    assert why.endswith(f", process {os.getpid()}")
    assert running.conditions()["web"] == "starting"


@pytest.mark.parametrize(
    "wrapped",
    [
        ["sh", "-c", '"$@" & wait', "sh"],
        ["sh", "-c", 'setsid "$@" & wait', "sh"],
        ["sh", "-c", '("$@" &); exec sleep 1000', "sh"],
        ["env", "A=b"],
    ],
    ids=["a child", "a session", "an orphan of its group", "exec"],
)
def test_a_port_may_belong_to_what_came_of_the_program(
    running: Running, wrapped: list[str]
) -> None:
    """
    Whatever it has started listens for it.
    """
    port, gate = free_port(), running.here / "gate"
    gate.touch()
    declared(running, "web", [*wrapped, *server(port, gate)], port=port, ready="tcp")
    running.start()
    is_(running, "web", "ready")
    gate.unlink()  # what has left the program's session ends by that alone


def test_a_look_that_hangs_is_ended_and_holds_nothing_up(running: Running) -> None:
    """
    Two seconds it has; meanwhile supervisord answers, and others get ready.
    """
    with socket.create_server(("127.0.0.1", 0), backlog=0):
        for number in range(3):
            declared(running, f"hung{number}", ["sleep", "1000"], ready=("sleep", "7777"))
        port = free_port()
        declared(
            running,
            "mute",
            MUTE,
            environment={"PORT": str(port)},
            ready=f"http://127.0.0.1:{port}",
        )
        declared(running, "good", ["sleep", "1000"], ready=("true",))
        running.start()
        is_(running, "good", "ready")
        assert running.program("hung0")["condition"] == "starting"
        until(lambda: running.program("hung0")["why"], "it is ended")

        until(lambda: "no answer" in running.program("mute")["why"], "so is this one")

    assert running.program("hung0")["why"] == "no answer within 2 s"
    assert running.program("mute")["why"] == "no answer within 2 s"
    assert running.end() == 0
    assert not [
        each
        for each in Path("/proc").glob("[0-9]*/cmdline")
        if each.exists() and each.read_bytes() == b"sleep\x007777\0"
    ]


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (("false",), "its `ready` command ended with 1"),
        (("sh", "-c", "kill -9 $$"), "its `ready` command ended with signal 9"),
        (("sh", "-c", "kill -15 $$"), "its `ready` command ended with signal 15"),
        (("/no/such/command",), "its `ready` command: No such file or directory"),
        (("/dev/null",), "its `ready` command: Permission denied"),
    ],
)
def test_a_command_says_why(running: Running, command: tuple[str, ...], why: str) -> None:
    """
    In the words of its end.
    """
    declared(running, "x", ["sleep", "1000"], ready=command)
    running.start()

    assert until(lambda: running.program("x")["why"], "a reason") == why


def test_one_that_ends_is_lost_until_it_is_ready_again(running: Running) -> None:
    """
    Not by somebody's hand: that begins anew.
    """
    gate = running.here / "gate"
    gate.touch()
    declared(
        running, "x", ["sleep", "1000"], directory=str(running.here), ready=("test", "-e", "gate")
    )
    running.start()
    is_(running, "x", "ready")
    gate.unlink()
    os.kill(running.program("x")["pid"], 9)
    is_(running, "x", "lost")
    until(lambda: running.program("x")["why"], "a reason")
    lost = running.program("x")
    gate.touch()
    is_(running, "x", "ready")
    gate.unlink()
    running.call("stopProcess", "x")
    stopped = running.conditions()["x"]
    running.call("startProcess", "x", False)
    started = running.conditions()["x"]

    assert (lost["statename"], lost["late"]) in (("STARTING", False), ("RUNNING", False))
    assert (stopped, started) == ("stopped", "starting")


def test_one_that_is_not_ready_in_time_is_late(running: Running) -> None:
    """
    From its first start on, however often it starts again.
    """
    declared(running, "x", ["sh", "-c", "sleep 0.7; exit 1"], ready=("false",), within=1)
    running.start()
    until(lambda: running.program("x")["late"], "it is late")

    assert running.program("x")["ends"] >= 1


def test_without_anything_to_look_at_running_is_ready(running: Running) -> None:
    """
    As for files that somebody wrote; a job that is done has done it for good.
    """
    running.has(
        user="[program:user]\ncommand=sleep 1000\nstartsecs=0\n",
        job="[program:job]\ncommand=true\nstartsecs=0\nautorestart=false\n",
        bad="[program:bad]\ncommand=false\nstartsecs=0\nautorestart=false\n",
        off="[program:off]\ncommand=sleep 1000\nautostart=false\n",
    )
    declared(running, "x", ["sleep", "1000"])
    running.start()
    first = running.conditions()["x"]
    is_(running, "x", "ready")

    assert first == "starting"
    assert running.conditions() == {
        "user": "ready",
        "job": "stopped",
        "bad": "failed",
        "off": "stopped",
        "x": "ready",
    }
