"""
sshd's banner as health asks for it, and what is left out of sshd's log for that.
"""

from __future__ import annotations

import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from slipway.ssh import banner


@pytest.fixture
def server() -> Iterator[socket.socket]:
    """
    A listener on loopback.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


def answers(listener: socket.socket, *parts: bytes) -> list[tuple[str, bytes]]:
    """
    Have a listener answer one client in parts; returns where that came from and what it said.
    """
    seen: list[tuple[str, bytes]] = []

    def serve() -> None:
        client, (address, _) = listener.accept()
        with client:
            for part in parts:
                client.sendall(part)
            said = b""
            while data := client.recv(100):
                said += data
            seen.append((address, said))

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    assert banner.is_shown(port=listener.getsockname()[1], timeout=5) is parts[0].startswith(b"S")
    thread.join(5)
    return seen


def test_an_sshd_is_told_by_its_first_line(server: socket.socket) -> None:
    """
    Also where it comes in pieces; asked from the address of health's own, with a line of ours.
    """
    assert answers(server, b"SSH-2.0", b"-OpenSSH_9.2p1\r\n", b"\0" * 1000) == [
        (banner.ADDRESS, b"SSH-2.0-slipway-health\r\n")
    ]


def test_an_sshd_that_is_slow_to_hang_up_has_answered(server: socket.socket) -> None:
    """
    A machine may be so busy that the process of the connection ends later.
    """
    clients = []

    def greet() -> None:
        client, _ = server.accept()
        client.sendall(b"SSH-2.0-OpenSSH_9.2p1\r\n")
        clients.append(client)

    thread = threading.Thread(target=greet, daemon=True)
    thread.start()

    assert banner.is_shown(port=server.getsockname()[1], timeout=0.3)
    thread.join(5)
    clients[0].close()


def test_an_sshd_that_is_busy_with_others_is_well(server: socket.socket) -> None:
    """
    It has turns of the processor while it does not answer; one that stands still has none.
    """
    port = server.getsockname()[1]
    busy = ["sh", "-c", "while :; do sleep 0.01; done"]
    with subprocess.Popen(busy) as running, subprocess.Popen(["sleep", "60"]) as still:
        wait_until_asleep(still.pid)
        shown = {
            pid: banner.is_shown(port=port, timeout=0.5, pid=pid)
            for pid in (running.pid, still.pid, 0)
        }
        running.kill()
        still.kill()

    assert shown == {running.pid: True, still.pid: False, 0: False}


def wait_until_asleep(pid: int) -> None:
    """
    Wait until a process has begun its sleep.
    """
    deadline = time.monotonic() + 10
    while (
        Path(f"/proc/{pid}/comm").read_text() != "sleep\n"
        or "S (sleeping)" not in Path(f"/proc/{pid}/status").read_text()
    ):
        assert time.monotonic() < deadline


def test_a_port_that_nobody_has_is_no_busy_sshd(server: socket.socket) -> None:
    """
    Whoever runs.
    """
    port = server.getsockname()[1]
    server.close()

    assert not banner.is_shown(port=port, timeout=0.5, pid=os.getpid())


def test_an_sshd_that_reads_its_files_again_is_well() -> None:
    """
    It drops who waits, and listens nowhere for a moment; where nothing says whose sshd it would be,
    nothing is excused.
    """
    with socket.socket() as again:
        again.bind(("127.0.0.1", 0))
        port = again.getsockname()[1]

        def serve() -> None:
            time.sleep(0.2)  # refused until then
            again.listen()
            again.accept()[0].close()
            with again.accept()[0] as client:
                client.sendall(b"SSH-2.0-OpenSSH_9.2p1\r\n")
                client.recv(100)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        assert not banner.is_shown(port=port, timeout=5)
        assert banner.is_shown(port=port, timeout=5, pid=os.getpid())
        thread.join(5)


def test_another_server_is_no_sshd(server: socket.socket) -> None:
    """
    Whatever it says.
    """
    answers(server, b"220 mail.example.com ESMTP\r\n")


def test_nobody_there_and_nobody_who_answers(server: socket.socket) -> None:
    """
    A frozen sshd: the kernel takes the connection, and nothing is said.
    """
    assert not banner.is_shown(port=server.getsockname()[1], timeout=0.1)
    server.close()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        assert not banner.is_shown(port=free.getsockname()[1], timeout=0.1)


@pytest.mark.parametrize(
    "line",
    [
        b"Connection closed by 127.83.76.80 port 53943 [preauth]\r\n",
        b"Connection reset by 127.83.76.80 port 1\r\n",
        b"Connection closed by 127.83.76.80 port 65535\n",
        b"ssh_dispatch_run_fatal: Connection from 127.83.76.80 port 6: Broken pipe [preauth]\r\n",
        b"banner exchange: Connection from 127.83.76.80 port 7: Connection reset by peer\r\n",
        b"Timeout before authentication for 127.83.76.80 port 8\r\n",
        b"Timeout before authentication for connection from 127.83.76.80 port 8 to x, pid = 9\r\n",
        b"Accepted publickey for root from 127.83.76.80 port 9 ssh2: ED25519 SHA256:a+b/C\r\n",
        b"Received disconnect from 127.83.76.80 port 9:11: disconnected by user\r\n",
        b"Disconnected from user root 127.83.76.80 port 9\r\n",
        b"Connection closed by authenticating user root 127.83.76.80 port 9 [preauth]\r\n",
        b"Unable to negotiate with 127.83.76.80 port 9: no matching MAC found.\r\n",
    ],
)
def test_our_own_question_leaves_no_line(line: bytes) -> None:
    """
    The lines around it stay.
    """
    before, after = b"Accepted publickey for root\r\n", b"Server listening on :: port 22.\r\n"

    assert banner.without_traces(before + line + after) == before + after


@pytest.mark.parametrize(
    "line",
    [
        b"Connection closed by 127.0.0.1 port 53943 [preauth]\r\n",
        b"Connection closed by 10.127.83.76.80 port 1\r\n",
        b"Invalid user Connection closed by 127.83.76.80 port 1 from 203.0.113.9 port 4\r\n",
        b"Connection closed by invalid user 127.83.76.80 port 1 203.0.113.9 port 4 [preauth]\r\n",
        b"Connection closed by 127.83.76.80 port 1 and more\r\n",
        b"ssh_dispatch_run_fatal: Connection from 203.0.113.9 port 6: 127.83.76.80 port 6: x\r\n",
        b"Invalid user Timeout before authentication for 127.83.76.80 port 8 from 203.0.113.9\r\n",
        b"Connection closed by 127.83.76.80 port 1",
        b"Connection closed by authenticating user root 203.0.113.9 port 1 [preauth]\r\n",
        b"Connection closed by authenticating user x 127.83.76.80 port 1 203.0.113.9 port 4\r\n",
        b"Accepted publickey for root from 203.0.113.9 port 4 ssh2: ED25519 SHA256:AbC\r\n",
        b"Accepted publickey for a from 127.83.76.80 port 1 from 203.0.113.9 port 4 ssh2: RSA\r\n",
        b"Accepted password for root from 127.83.76.80 port 4 ssh2\r\n",
        b"Disconnected from user root 203.0.113.9 port 4\r\n",
        b"Disconnected from user a 127.83.76.80 port 1 203.0.113.9 port 4\r\n",
        b"Received disconnect from 203.0.113.9 port 4:11: disconnected by user\r\n",
        b"Unable to negotiate with 203.0.113.9 port 4: no matching cipher found.\r\n",
    ],
)
def test_nobody_else_can_keep_a_line_out_of_the_log(line: bytes) -> None:
    """
    A name to log in with may look like our address: such a line is never the whole of ours.
    """
    assert banner.without_traces(line) == line
