"""
A supervisord that does not answer, and one that answers nonsense: never taken for none.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pyinfra.context import ctx_host

from slipway.commands import start
from slipway.connectors.native import Inside
from slipway.contract import paths
from slipway.facts import supervisor as facts
from slipway.facts.supervisor import Supervisord, SupervisordState
from slipway.operations import supervisor
from slipway.services import told
from tests.unit.conftest import FactHost, Run
from tests.unit.services.conftest import Running, until

PATIENCE = 0.2  # seconds for who never answers: who asks waits that long each time
HEAD = b"HTTP/1.0 200 OK\r\nContent-Type: text/xml\r\n"
EMPTY = (
    b"<?xml version='1.0'?><methodResponse><params><param><value><array><data>"
    b"</data></array></value></param></params></methodResponse>"
)


def _list(value: bytes) -> bytes:
    return b"<array><data><value>%b</value></data></array>" % value


def _results(value: bytes, number: int) -> bytes:
    """
    Return an answer to several calls with the same value for each.
    """
    values = b"<value>%b</value>" % value * number
    return EMPTY.replace(b"<data></data>", b"<data>%b</data>" % values)


# What a server at supervisord's socket says, a piece at a time; None: it keeps the connection
ANSWERS: dict[str, list[bytes | None]] = {
    "nothing": [None],
    "the end at once": [],
    "half a head": [b"HTTP/1.0 2", None],
    "a head alone": [HEAD + b"Content-Length: 1000\r\n\r\n", None],
    "half an answer": [HEAD + b"\r\n" + EMPTY[:60]],
    "a byte at a time": [HEAD + b"Content-Length: 100000\r\n\r\n", *([b"x"] * 1000)],
    "no HTTP": [b"220 mail.example ESMTP\r\n"],
    "no XML": [HEAD + b"\r\n{}"],
    "another kind of XML": [HEAD + b"\r\n<html/>"],
    "too few results": [HEAD + b"\r\n" + EMPTY],
    "an error": [b"HTTP/1.0 500 Internal Server Error\r\n\r\n"],
    "a password that is wanted": [b"HTTP/1.0 401 Unauthorized\r\n\r\n"],
    "a length that is no number": [HEAD + b"Content-Length: many\r\n\r\n<"],
    "a length of thousands of digits": [HEAD + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n<"],
    "a length below zero": [HEAD + b"Content-Length: -5\r\n\r\n<"],
    "lines without an end": [HEAD * 400],
    "other types": [HEAD + b"\r\n" + _results(b"<string>x</string>", 3)],
    "programs that are words": [HEAD + b"\r\n" + _results(_list(b"<string>sshd</string>"), 3)],
    "programs without names": [HEAD + b"\r\n" + _results(_list(b"<struct></struct>"), 3)],
    "numbers": [HEAD + b"\r\n" + _results(b"<int>7</int>", 3)],
    "bytes": [HEAD + b"\r\n\xff\xfe"],
}


def _serve(listener: socket.socket, pieces: list[bytes | None], ended: threading.Event) -> None:
    held = []
    while not ended.is_set():
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        held.append(connection)
        with contextlib.suppress(OSError):
            connection.recv(65536)
            for piece in pieces:
                if piece is None:
                    break
                connection.sendall(piece)
                if ended.wait(0.05 if len(pieces) > 100 else 0):
                    return
            else:
                connection.close()


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """
    Where supervisord's socket is looked for, and little patience.
    """
    path = tmp_path / "socket"
    monkeypatch.setattr(facts, "SUPERVISOR_SOCKET", path)
    monkeypatch.setattr(paths, "SUPERVISOR_SOCKET", path)
    monkeypatch.setattr(facts, "_ANSWER", PATIENCE)
    monkeypatch.setattr(facts, "_AGAIN", PATIENCE)
    monkeypatch.setattr(facts, "_PAUSE", 0.02)
    monkeypatch.setattr(start, "PATIENCE", PATIENCE)
    monkeypatch.setattr(told, "PID", tmp_path / "pid")
    return path


@pytest.fixture
def serve(place: Path) -> Iterator[Callable[[list[bytes | None]], None]]:
    """
    Answer at the socket as told.
    """
    ended, threads, sockets = threading.Event(), [], []

    def serve(pieces: list[bytes | None]) -> None:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(place))
        listener.listen()
        sockets.append(listener)
        threads.append(threading.Thread(target=_serve, args=(listener, pieces, ended)))
        threads[-1].start()

    yield serve
    ended.set()
    for each in sockets:
        each.shutdown(socket.SHUT_RDWR)
        each.close()
    for thread in threads:
        thread.join()


def ask() -> tuple[Callable[[], Supervisord | None], Callable[[], Supervisord | None]]:
    """
    Return how a connector inside asks, and how a shell does.
    """
    fact = SupervisordState()
    command = fact.command()
    assert isinstance(command, Inside)
    shell = ["sh", "-c", command.get_raw_value()]

    def outside() -> Supervisord | None:
        done = subprocess.run(shell, check=False, capture_output=True)
        return _read(fact, done.stdout)

    return lambda: _read(fact, command.act().stdout), outside


def _read(fact: SupervisordState, output: bytes) -> Supervisord | None:
    lines = output.decode(errors="replace").splitlines()
    return fact.process(lines) if lines else None


def both() -> tuple[Supervisord | None, Supervisord | None]:
    """
    Ask in both ways.
    """
    inside, outside = ask()
    return inside(), outside()


@pytest.mark.parametrize("pieces", ANSWERS.values(), ids=ANSWERS)
def test_who_answers_nothing_or_nonsense_is_silent(
    serve: Callable[[list[bytes | None]], None], run: Run, pieces: list[bytes | None]
) -> None:
    """
    In time, by every way to ask; a convergence fails, and says so.
    """
    serve(pieces)
    began = time.monotonic()
    inside, outside = both()
    assert inside is not None
    assert outside is not None
    assert inside.silent
    assert outside.silent
    with pytest.raises(OSError, match=r"\w") as error:
        told.ask(timeout=PATIENCE)
    assert not told.is_gone(error.value)
    with pytest.raises(OSError, match="supervisord does not answer"):
        start.answers()
    assert time.monotonic() - began < 10

    run.host = FactHost({SupervisordState: inside})
    with ctx_host.use(run.host):
        (command,) = supervisor.update._inner()  # noqa: SLF001
    assert isinstance(command, supervisor.Complaint)
    assert command.act().code == 1
    assert "supervisord does not answer" in str(command)


def _no_socket(_place: Path) -> None:
    pass


def _nobody_listens(place: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place))


@pytest.mark.parametrize("make", [_no_socket, _nobody_listens])
def test_none_runs_where_nobody_listens(place: Path, make: Callable[[Path], None]) -> None:
    """
    An image build, or a supervisord that was killed.
    """
    make(place)

    assert both() == (None, None)
    assert start.answers() is False


# What becomes of its socket, for a shell that is where that is
BIND = "import socket; socket.socket(socket.AF_UNIX, socket.{kind}).bind('socket')"
TAKEN = {
    "removed": "rm socket",
    "renamed": "mv socket away",
    "a file": "rm socket; echo mine > socket",
    "an empty file": "rm socket; : > socket",
    "a directory": "rm socket; mkdir socket; touch socket/mine",
    "a dangling link": "rm socket; ln -s /nowhere socket",
    "a loop": "rm socket; ln -s socket socket",
    "a link to itself, moved": "mv socket away; ln -s away2 socket",
    "a FIFO": "rm socket; mkfifo socket",
    "a dead socket": f'rm socket; {sys.executable} -c "{BIND.format(kind="SOCK_STREAM")}"',
    "datagrams": f'rm socket; {sys.executable} -c "{BIND.format(kind="SOCK_DGRAM")}"',
}


@pytest.mark.parametrize("take", TAKEN.values(), ids=TAKEN)
def test_one_whose_socket_was_taken_away_still_runs(
    running: Running, monkeypatch: pytest.MonkeyPatch, take: str
) -> None:
    """
    It is named by all who ask and never taken for none; it makes its socket anew, and what stood
    in its place is kept.
    """
    monkeypatch.setattr(paths, "SUPERVISOR_SOCKET", running.socket)
    monkeypatch.setattr(told, "PID", running.here / "pid")
    running.start()
    running.process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, running.process.pid, os.WSTOPPED | os.WNOWAIT)
    subprocess.run(["sh", "-c", take], check=True, cwd=running.here)
    monkeypatch.setattr(facts, "_ANSWER", PATIENCE)
    try:
        inside, outside = both()
        with pytest.raises(OSError, match=r"\w") as error:
            told.ask(timeout=PATIENCE)
        with pytest.raises(OSError, match=f"kill -CONT {running.process.pid}"):
            start.answers()
    finally:
        running.process.send_signal(signal.SIGCONT)

    assert inside is not None
    assert inside.silent
    assert outside is not None
    assert outside.silent
    assert not told.is_gone(error.value)
    until(running.answers, "its socket is there again")
    kept = running.here / "socket.replaced"
    assert kept.is_file() is ("> socket" in take)
    assert (kept / "mine").exists() is ("mkdir" in take)
    assert running.end() == 0


def test_anothers_socket_stays(running: Running) -> None:
    """
    Somebody listens there: whoever asks is told that supervisord does not answer.
    """
    running.start()
    running.socket.unlink()
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(running.socket))
        other.listen()
        log = running.here / "supervisord.log"
        until(lambda: "another process listens there" in log.read_text(), "it says so")
        inode = running.socket.lstat().st_ino
        assert running.socket.lstat().st_ino == inode
    running.end()


def test_one_that_ends_is_none(place: Path) -> None:
    """
    It hangs up without an answer, and is gone when it is asked again: a container that stops.
    """
    found = []
    for form in (0, 1):
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(place))
        listener.listen()

        def hang_up(listener: socket.socket = listener) -> None:
            connection, _ = listener.accept()
            place.unlink()
            listener.close()
            connection.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        found.append(ask()[form]())
        thread.join()

    assert found == [None, None]


def _full(place: Path) -> socket.socket:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(place))
    listener.listen(0)
    return listener


def test_a_queue_that_is_full_is_silence(place: Path) -> None:
    """
    A frozen supervisord that many have asked already.
    """
    with _full(place), contextlib.ExitStack() as stack:
        for _ in range(3):
            waiting = stack.enter_context(socket.socket(socket.AF_UNIX))
            waiting.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                waiting.connect(str(place))
        inside, outside = both()

    assert inside is not None
    assert inside.silent
    assert outside is not None
    assert outside.silent


def test_a_frozen_one_is_waited_for_once(
    running: Running, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """
    Each further question of a run waits less; how to wake it is told.
    """
    monkeypatch.setattr(paths, "SUPERVISOR_SOCKET", running.socket)
    monkeypatch.setattr(told, "PID", tmp_path / "pid")
    monkeypatch.setattr(facts, "_ANSWER", 2 * PATIENCE)
    monkeypatch.setattr(facts, "_AGAIN", PATIENCE)
    running.start()
    running.process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, running.process.pid, os.WSTOPPED | os.WNOWAIT)
    host = FactHost({})
    asked = []
    try:
        with ctx_host.use(host):
            for _ in range(2):
                words = SupervisordState().command().get_raw_value().split()
                asked.append(words[words.index("--max-time") + 1])
                assert running.state().silent
        with pytest.raises(OSError, match="timed out") as error:
            told.ask(timeout=PATIENCE)
        assert f"`kill -CONT {running.process.pid}`" in told.silence(error.value)
    finally:
        running.process.send_signal(signal.SIGCONT)

    assert asked == [str(2 * PATIENCE), str(PATIENCE)]
    assert running.answers()
