"""
`slipway start`: one supervisord, however often it is called.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from slipway.commands import start
from slipway.contract import paths
from slipway.environment import saved
from slipway.services import told
from slipway.system import processes

# What stands in for supervisord: it answers at the socket, as soon as that is there
ANSWER = """
import pathlib, socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen()
pathlib.Path(sys.argv[2]).open("a").write("started\\n")
while True:
    client, _ = listener.accept()
    client.recv(65536)
    body = (b"<?xml version='1.0'?><methodResponse><params><param><value><array><data><value>"
            b"<struct><member><name>statename</name><value>RUNNING</value></member></struct>"
            b"</value></data></array></value></param></params></methodResponse>")
    client.sendall(b"HTTP/1.0 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(body) + body)
    client.close()
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """
    Have everything that a start writes in a directory of its own, and a supervisord that answers.
    """
    command = [sys.executable, "-c", ANSWER, str(tmp_path / "socket"), str(tmp_path / "starts")]
    monkeypatch.setattr(paths, "RUN", tmp_path)
    monkeypatch.setattr(paths, "ENVIRONMENT", tmp_path / "environment")
    monkeypatch.setattr(paths, "DEVICES", tmp_path / "gpus")
    monkeypatch.setattr(paths, "PROCESSES", tmp_path / "processes")
    monkeypatch.setattr(paths, "SUPERVISOR_SOCKET", tmp_path / "socket")
    monkeypatch.setattr(paths, "SUPERVISORD", command)
    monkeypatch.setattr(saved, "of_process", lambda _pid: {"PATH": "/bin"})
    started: list[int] = []
    spawn = subprocess.Popen

    def popen(*arguments: object, **keywords: object) -> object:
        process = spawn(*arguments, **keywords)  # type: ignore[call-overload]
        started.append(process.pid)
        return process

    monkeypatch.setattr(subprocess, "Popen", popen)
    yield tmp_path
    for pid in started:
        processes.kill_tree(pid)  # tini's child, too
        os.waitpid(pid, 0)


def test_a_second_call_finds_the_first(place: Path) -> None:
    """
    Both at once, as clouds do, or one after the other.
    """
    calls = [threading.Thread(target=start.supervise) for _ in range(3)]
    for call in calls:
        call.start()
    for call in calls:
        call.join()
    start.supervise()

    assert (place / "starts").read_text() == "started\n"
    assert b"PATH=/bin\0" in (place / "environment").read_bytes()


def test_a_socket_without_an_answer_is_none(place: Path) -> None:
    """
    A file that a killed supervisord left.
    """
    assert not start.answers()
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(place / "socket"))

    assert not start.answers()


def test_the_containers_output_is_that_of_its_first_process() -> None:
    """
    Or nothing, where we may not have it.
    """
    with start.container_output() as output:
        assert output.writable()


def test_one_that_begins_to_listen_between_two_looks_is_waited_for(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    The socket refuses, and then the kernel knows a listener: that is no socket taken away.

    Where none was started it is, and no second one begins.
    """
    monkeypatch.setattr(told, "is_held", lambda _path: True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place / "socket"))

        assert not start.answers(is_coming=True)
        with pytest.raises(OSError, match="was taken away"):
            start.answers()
