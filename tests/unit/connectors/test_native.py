"""
What a process in the container does itself, instead of starting a command.
"""

from __future__ import annotations

import os
import socket
import subprocess
import threading
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from xmlrpc.client import dumps

import pytest
from pyinfra.api import Config, FileUploadCommand, Inventory, State, StringCommand
from pyinfra.api.host import Host
from pyinfra.context import ctx_host

from slipway.connectors.native import Inside, Result
from slipway.facts import supervisor
from slipway.facts.files import FileStates
from slipway.operations.files import File, write
from slipway.operations.supervisor import checked, tried

CALLS: list[Any] = [("supervisor.startProcess", ("sshd", False))]
FAULT = {"faultCode": 60, "faultString": "ALREADY_STARTED: sshd"}


@pytest.fixture
def live() -> Host:
    """
    The machine that the tests run on, as pyinfra's host.
    """
    inventory = Inventory((["@live"], {}))
    state = State(inventory, Config(SHELL=None, TEMP_DIR="/tmp"))
    (host,) = inventory
    host.connect()
    state.activate_host(host)
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


@pytest.mark.parametrize(("answer", "code"), [([True], 0), (FAULT, 0), (None, 7)])
def test_what_is_tried_fails_only_without_an_answer(path: Path, answer: Any, code: int) -> None:
    """
    In both forms: a fault is one of the answers.
    """
    server = Supervisord(path, answer) if answer else None
    command = tried(CALLS)
    assert isinstance(command, Inside)
    shell = ["/bin/sh", "-c", command.get_raw_value()]
    outside = subprocess.run(shell, check=False, capture_output=True)
    inside = command.act()
    if server:
        server.socket.close()

    assert outside.returncode == inside.code == code
    assert outside.stdout == inside.stdout == b""


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


def test_a_supervisord_that_starts_beside_it_is_waited_for(live: Host, path: Path) -> None:
    """
    The convergence of a start may be the faster of the two; without this sshd would not be started.
    """
    fact = supervisor.SupervisordState().command()
    assert isinstance(fact, Inside)
    threading.Timer(0.3, lambda: Supervisord(path, [[], [[[], [], []]]])).start()

    with ctx_host.use(live):
        assert fact.act().stdout == b""
        live.data.beside_supervisord = True
        assert b"methodResponse" in fact.act().stdout


@pytest.mark.skipif(os.geteuid() != 0, reason="chown needs root")
def test_files_are_written_the_same_in_both_forms(tmp_path: Path) -> None:
    """
    Content, mode and owner; a link is replaced, a draft of a killed run too, and none is left.
    """
    trees = {}
    for form in ("outside", "inside"):
        top = tmp_path / form
        top.mkdir()
        (top / "link").symlink_to("/etc/hostname")
        (top / ".new.slipway").write_text("draft")
        files = [
            File(f"{top}/a b/new", b"1\n"),
            File(f"{top}/link", b"2", mode="600", user="daemon", group="adm"),
            File(f"{top}/new", b"\0", mode="4755"),
        ]
        for command in write(files):
            if isinstance(command, FileUploadCommand):
                assert isinstance(command.src, BytesIO)
                Path(command.dest).write_bytes(command.src.getvalue())
            elif form == "inside":
                assert isinstance(command, Inside)
                assert command.act() == Result(b"")
            else:
                subprocess.run(["/bin/sh", "-c", command.get_raw_value()], check=True)
        trees[form] = {
            str(path.relative_to(top)): (
                path.lstat().st_mode,
                path.lstat().st_uid,
                path.lstat().st_gid,
                path.read_bytes() if path.is_file() else b"",
            )
            for path in sorted(top.rglob("*"))
        }

    assert trees["inside"] == trees["outside"]
    assert set(trees["inside"]) == {"a b", "a b/new", "link", "new"}


def test_a_write_that_fails_says_why_and_keeps_the_file(tmp_path: Path) -> None:
    """
    An unknown owner, a directory in the file's place.
    """
    (tmp_path / "there").mkdir()
    for file, why in (
        (File(f"{tmp_path}/x", b"", user="nobody-knows"), b"nobody-knows"),
        (File(f"{tmp_path}/there", b""), b"directory"),
    ):
        begin, upload, end = write([file])
        assert isinstance(begin, Inside)
        assert isinstance(upload, FileUploadCommand)
        assert isinstance(end, Inside)
        assert begin.act() == Result(b"")
        failed = end.act()

        assert failed.code == 1
        assert why in failed.stderr
    assert (tmp_path / "there").is_dir()
    assert not (tmp_path / "x").exists()


def test_a_fact_starts_no_process(live: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    With the arguments that pyinfra itself adds to every command.
    """

    def fail(*_arguments: object, **_keywords: object) -> None:
        pytest.fail("a process was started")

    monkeypatch.setattr("slipway.connectors.live._popen", fail)

    assert live.get_fact(FileStates, paths=["/"])["/"].type == "directory"


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
