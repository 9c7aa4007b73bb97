"""
Which processes serve a connection from an address, and what they wait in.
"""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from slipway.ssh import stuck
from slipway.ssh.banner import ADDRESS
from slipway.ssh.stuck import Stuck
from slipway.system import processes

# A server that hangs as sshd does: under its name, in something that it has started
SERVER = """
import ctypes, os, socket, subprocess
ctypes.CDLL(None).prctl(15, b"sshd-session", 0, 0, 0)
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
client, _ = listener.accept()
started = subprocess.Popen(["/bin/sh", "/dev/stdin", "--secret"], stdin=subprocess.PIPE)
print(started.pid, flush=True)
{then}
"""
HANGS, WORKS = "client.recv(1); started.wait()", "while True: pass"
# A little of the processor now and then: sshd, that somebody else leaves it to no more often
STARVES = """
import time
while True:
    time.sleep(0.1)
    sum(range(1000))
"""
# What has been started may do as much, in a loop that has no end: sshd waits
LOOPS = """
started.stdin.write(b"while sleep 0.1; do :; done"); started.stdin.close(); started.wait()
"""


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """
    A server with one connection from health's address, and the program that it waits for.
    """
    words = [sys.executable, "-c", SERVER.format(then=request.param)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, start_new_session=True) as run:
        assert run.stdout
        port = int(run.stdout.readline())
        with socket.create_connection(("127.0.0.1", port), source_address=(ADDRESS, 0)):
            yield run, int(run.stdout.readline())
            run.kill()


@pytest.mark.parametrize("server", [HANGS, LOOPS], indirect=True)
def test_what_hangs_is_named_and_ended(server: tuple[subprocess.Popen[str], int]) -> None:
    """
    By the program and the file that it runs; its other words may be secrets.
    """
    run, started = server
    found = Stuck(ADDRESS)

    assert found.is_served
    assert not found.works()
    assert found.where().endswith("> `/bin/sh /dev/stdin`")
    found.end()
    run.wait(5)
    assert processes.is_dying(started) or not Path(f"/proc/{started}").exists()


@pytest.mark.parametrize("server", [WORKS, STARVES], indirect=True)
def test_what_has_the_processor_works(server: tuple[subprocess.Popen[str], int]) -> None:
    assert server
    assert Stuck(ADDRESS).works()


@pytest.mark.parametrize("server", [HANGS], indirect=True)
def test_a_connection_from_elsewhere_is_left_alone(
    server: tuple[subprocess.Popen[str], int],
) -> None:
    run, _ = server
    found = Stuck("127.0.0.77")
    found.end()

    assert not found.is_served
    assert found.where() == ""
    assert run.poll() is None


@pytest.mark.parametrize(
    ("ends", "state", "is_found"),
    [
        ("0100007F:0016 504C537F:C350", "01", True),
        (f"{0:032X}:0016 {0:016X}FFFF0000504C537F:C350", "01", True),
        ("504C537F:C350 0100007F:0016", "01", False),
        ("0100007F:0016 504C537F:C350", "06", False),
        ("0100007F:0016 504C537E:C350", "01", False),
    ],
)
def test_the_kernels_table_is_read(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    ends: str,
    state: str,
    is_found: bool,  # noqa: FBT001
) -> None:
    """
    The other end counts, and an established connection (proc_net_tcp(5)).
    """
    table = tmp_path / "tcp"
    rest = "00000000:00000000 00:00000000 00000000     0        0 4711 1 0 20 4 30 10 -1"
    table.write_text(f"  sl  local_address\n   1: {ends} {state} {rest}\n")
    monkeypatch.setattr(stuck, "_TABLES", (str(table),))

    assert stuck._connections(ADDRESS) == ({4711} if is_found else set())  # noqa: SLF001


@pytest.mark.parametrize("server", [HANGS], indirect=True)
def test_a_client_that_ends_is_no_hang(server: tuple[subprocess.Popen[str], int]) -> None:
    """
    While it is looked at: slow, that was all.
    """
    assert server
    with subprocess.Popen(["sleep", "0.1"]) as client:
        assert Stuck(ADDRESS, client=[client.pid]).works()
