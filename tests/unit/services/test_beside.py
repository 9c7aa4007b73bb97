"""
The user's command and what runs beside it: real processes, signals and sockets.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PATIENCE = 30.0
# The program, with another socket and another environment than this process has
PROGRAM = """
import sys
from pathlib import Path
from slipway.services import beside
beside.SUPERVISOR_SOCKET = Path(sys.argv[1])
sys.exit(beside.main(sys.argv[2:], beside.given()))
"""
# Stands in for supervisord: told to shut down, it takes a moment, says so and removes its socket
SUPERVISORD = """
import os, socket, sys, time
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
print("ready", flush=True)
while True:
    client, _ = listener.accept()
    asked = client.recv(65536)
    answer = b"<int>%d</int>" % os.getpid()
    client.sendall(b"HTTP/1.0 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(answer) + answer)
    client.close()
    if b"supervisor.getPID" in asked:
        print("asked for its number", flush=True)
    if b"supervisor.shutdown" in asked:
        time.sleep(0.3)
        open(sys.argv[2], "w").write("drained")
        os.unlink(sys.argv[1])
        break
"""


def until(condition: Callable[[], Any], what: str) -> None:
    """
    Wait for what something else brings about.
    """
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"not within {PATIENCE} s: {what}"
        time.sleep(0.01)


def begun(place: Path, *command: str, **options: Any) -> subprocess.Popen[bytes]:
    """
    Start a command as the container's main process.
    """
    words = [sys.executable, "-I", "-c", PROGRAM, str(place / "socket"), *command]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


def supervised(place: Path) -> subprocess.Popen[bytes]:
    """
    Start a supervisord; returns once it answers.
    """
    words = [sys.executable, "-c", SUPERVISORD, str(place / "socket"), str(place / "drained")]
    process = subprocess.Popen(words, stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    return process


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (["true"], 0),
        (["sh", "-c", "exit 7"], 7),
        (["sh", "-c", "kill -9 $$"], 137),
        (["sh", "-c", "kill -TERM $$"], 143),
        (["no-such-program"], 127),
        (["/etc/passwd"], 126),
    ],
)
def test_the_exit_code_is_the_commands(tmp_path: Path, command: list[str], code: int) -> None:
    """
    As sh(1) says it.
    """
    process = begun(tmp_path, *command)
    process.communicate(timeout=PATIENCE)

    assert process.returncode == code


def test_the_command_has_our_streams_and_our_variables(tmp_path: Path) -> None:
    """
    Byte for byte: in a C locale Python adds LC_CTYPE to its own.
    """
    variables = {"A": "1", "LC_ALL": "C"}
    process = begun(tmp_path, "/bin/sh", "-c", "read x; /usr/bin/env; echo $x",
        stdin=subprocess.PIPE, env=variables)  # fmt: skip
    output, _ = process.communicate(b"hello\n", timeout=PATIENCE)
    lines = output.decode().splitlines()

    assert lines[-1] == "hello"
    assert set(lines) - {"hello", "A=1", "LC_ALL=C"} <= {"_=/usr/bin/env", *(
        line for line in lines if line.startswith(("PWD=", "SHLVL=", "OLDPWD="))
    )}  # fmt: skip


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1, signal.SIGHUP, signal.SIGINT])
def test_signals_reach_the_command(tmp_path: Path, number: signal.Signals) -> None:
    """
    Once each; how it ends is its own business.
    """
    script = f"trap 'echo got; exit 3' {number.value}; echo ready; while :; do sleep 0.05; done"
    process = begun(tmp_path, "bash", "-c", script)
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(number)
    output, _ = process.communicate(timeout=PATIENCE)

    assert (output, process.returncode) == (b"got\n", 3)


def test_services_end_in_order_with_the_command(tmp_path: Path) -> None:
    """
    Also where nobody has asked for a stop.
    """
    supervisord = supervised(tmp_path)
    process = begun(tmp_path, "sh", "-c", "exit 5")
    process.communicate(timeout=PATIENCE)
    supervisord.wait(PATIENCE)

    assert process.returncode == 5
    assert (tmp_path / "drained").read_text() == "drained"


def test_a_stop_is_the_services_at_once(tmp_path: Path) -> None:
    """
    Uploads have no time to wait for a command that takes long to end.
    """
    supervisord = supervised(tmp_path)
    script = "trap : TERM; echo ready; while [ ! -e drained ]; do sleep 0.02; done"
    process = begun(tmp_path, "bash", "-c", script, cwd=tmp_path)
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=PATIENCE)
    supervisord.wait(PATIENCE)

    assert process.returncode == 0


def test_what_the_terminal_sends_comes_once(tmp_path: Path) -> None:
    """
    Ctrl-C is sent to all in the foreground by the kernel: passed on, it would be two.
    """
    reading, writing = os.openpty()
    script = "n=0; trap 'n=$((n+1))' INT; echo ready; sleep 1 & wait; wait; echo $n"
    words = [sys.executable, "-I", "-c", PROGRAM, str(tmp_path / "socket"), "bash", "-c", script]
    child = subprocess.Popen(
        ["setsid", "--ctty", "--wait", *words], stdin=writing, stdout=writing, stderr=writing
    )
    os.close(writing)
    said = b""
    while b"ready" not in said:
        said += os.read(reading, 1024)
    os.write(reading, b"\x03")
    while b"1" not in said.partition(b"ready")[2] and child.poll() is None:
        said += os.read(reading, 1024)
    child.wait(PATIENCE)
    os.close(reading)

    assert said.partition(b"ready")[2].split()[-1] in (b"1", b"^C1")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_without_a_command_it_stands_for_the_services(
    tmp_path: Path, number: signal.Signals
) -> None:
    """
    It is there as long as they are; its stop is theirs.
    """
    supervisord = supervised(tmp_path)
    process = begun(tmp_path)
    assert supervisord.stdout is not None
    assert supervisord.stdout.readline() == b"asked for its number\n"
    process.send_signal(number)
    process.communicate(timeout=PATIENCE)
    supervisord.wait(PATIENCE)

    assert process.returncode == 0
    assert (tmp_path / "drained").read_text() == "drained"


def test_services_that_end_by_themselves_end_it_too(tmp_path: Path) -> None:
    """
    Killed, its socket is still there: that is a failure.
    """
    supervisord = supervised(tmp_path)
    process = begun(tmp_path)
    assert supervisord.stdout is not None
    supervisord.stdout.readline()
    supervisord.kill()
    supervisord.wait(PATIENCE)
    process.communicate(timeout=PATIENCE)

    assert process.returncode == 1
