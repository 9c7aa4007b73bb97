"""
Logs that can't be written, rotated or found: the program goes on, and it is told once.
"""

from __future__ import annotations

import os
import resource
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from supervisor import loggers

from slipway.services import log_file
from slipway.services.log_file import LogFile
from tests.unit.services.conftest import Running, until


def test_lines_are_appended_and_rotated(tmp_path: Path) -> None:
    """
    Nothing is lost: the oldest go with the last backup.
    """
    path = tmp_path / "x.log"
    path.write_text("0\n")
    log = LogFile(str(path), most=4, backups=2)
    for number in range(1, 8):
        log.write(f"{number}\n".encode())

    kept = [path, tmp_path / "x.log.1", tmp_path / "x.log.2"]
    assert [file.read_text() for file in kept] == ["", "6\n7\n", "4\n5\n"]
    assert sorted(tmp_path.iterdir()) == sorted(kept)


def test_without_backups_it_begins_anew(tmp_path: Path) -> None:
    """
    As with supervisor.
    """
    path = tmp_path / "x.log"
    log = LogFile(str(path), most=4)
    log.write(b"12345")
    log.write(b"6")

    assert path.read_bytes() == b"6"


@pytest.mark.parametrize("how", ["removed", "renamed", "replaced", "directory removed and made"])
def test_a_log_that_is_gone_is_made_again(tmp_path: Path, how: str) -> None:
    """
    By hand, by logrotate, by an editor: later lines are where the name is.
    """
    path = tmp_path / "logs/x.log"
    path.parent.mkdir()
    log = LogFile(str(path))
    log.write(b"before\n")
    if how == "removed":
        path.unlink()
    elif how == "renamed":
        path.rename(tmp_path / "logs/x.log.old")
    elif how == "replaced":
        (tmp_path / "new").write_text("")
        (tmp_path / "new").rename(path)
    else:
        path.unlink()
        path.parent.rmdir()
        log.write(b"lost\n")
        assert log_file.troubles() == {str(path): "No such file or directory"}
        path.parent.mkdir()
    log.write(b"after\n")

    assert path.read_text() == "after\n"
    assert log_file.troubles() == {}


def _directory(path: Path) -> None:
    path.mkdir()


def _missing(path: Path) -> None:
    path.symlink_to(path.parent / "no/x.log")


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _loop(path: Path) -> None:
    path.symlink_to(path)


def _full(path: Path) -> None:
    path.symlink_to("/dev/full")


UNUSABLE: list[tuple[Callable[[Path], None], str]] = [
    (_directory, "Is a directory"),
    (_missing, "No such file or directory"),
    (_fifo, "No such device or address"),
    (_loop, "Too many levels of symbolic links"),
    (_full, "No space left on device"),
]


@pytest.mark.parametrize(("make", "why"), UNUSABLE, ids=[why for _, why in UNUSABLE])
def test_a_log_that_can_not_be_used_is_told_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], make: Callable[[Path], None], why: str
) -> None:
    """
    In a line a minute, without a traceback, for as long as it is so.
    """
    path = tmp_path / "x.log"
    make(path)
    now = [0.0]
    log = LogFile(str(path), most=1000, backups=1, clock=lambda: now[0])
    for _ in range(50):
        log.write(b"line\n")
    assert log_file.troubles() == {str(path): why}
    now[0] = 61.0
    log.write(b"line\n")
    said = capsys.readouterr().err.splitlines()

    assert said == [f"slipway: supervisord: {path}: {why}; its lines are lost"] * 2
    if path.is_dir():
        path.rmdir()
    else:
        path.unlink()
    log.write(b"again\n")
    assert path.read_text() == "again\n"
    assert log_file.troubles() == {}


@pytest.mark.parametrize(
    "path", ["/dev/no-such-device", "/dev/stdou", "/dev/no/log", "/dev/shm/no/such.log"]
)
def test_a_device_that_is_not_there_is_made_by_nobody(path: str) -> None:
    """
    A file in /dev is memory, and nobody looks for a log there.
    """
    log = LogFile(path)
    log.write(b"line\n")

    assert log_file.troubles() == {path: "No such file or directory"}
    assert not Path(path).exists()


def test_memory_that_is_for_files_takes_a_log() -> None:
    """
    A user's own choice.
    """
    path = Path(f"/dev/shm/{os.getpid()}.log")
    try:
        LogFile(str(path)).write(b"line\n")
        assert path.read_bytes() == b"line\n"
    finally:
        path.unlink(missing_ok=True)


@pytest.mark.parametrize("add", ["handle_file", "handle_syslog"])
def test_lines_for_a_system_log_that_is_not_there_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, add: str
) -> None:
    """
    A container has none; syslog(3) drops them without a word. One that comes gets each line.
    """
    place, said = tmp_path / "log", list[str]()
    monkeypatch.setattr(log_file, "_SYSLOG", str(place))
    monkeypatch.setattr(loggers.SyslogHandler, "_syslog", lambda _, line: said.append(line))
    logger = loggers.Logger()
    words = ("syslog", "web %(message)s") if add == "handle_file" else ("web %(message)s",)
    getattr(log_file, add)(logger, *words)
    logger.info(b"lost\n")
    assert log_file.troubles() == {str(place): "no system log takes lines here"}
    place.write_text("")
    logger.info("lost, too")
    assert log_file.troubles() == {str(place): "no system log takes lines here"}
    assert said == []
    place.unlink()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as there:
        there.bind(str(place))
        logger.info(b"one\ntw\xc3\xb6\n")
        logger.handlers[0].remove()
        logger.handlers[0].reopen()

    assert said == ["web one", "web twö"]
    assert log_file.troubles() == {}


def test_a_limit_on_files_is_no_end(tmp_path: Path) -> None:
    """
    `--ulimit fsize`: SIGXFSZ is ignored by Python, and the write fails.
    """
    path = tmp_path / "x.log"
    log = LogFile(str(path))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8, before[1]))
    try:
        log.write(b"12345678 and more\n")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert log_file.troubles() == {str(path): "File too large"}


def test_a_pipe_is_never_rotated(tmp_path: Path) -> None:
    """
    `stdout_logfile=/dev/stdout` with supervisor's default of 50 MB: `Illegal seek` before.
    """
    reading, writing = os.pipe()
    log = LogFile(f"/proc/self/fd/{writing}", most=1, backups=3)
    for number in range(3):
        log.write(f"{number}\n".encode())

    assert os.read(reading, 100) == b"0\n1\n2\n"
    assert log_file.troubles() == {}
    os.close(reading)
    os.close(writing)


def test_a_reader_that_takes_nothing_is_waited_for_once(tmp_path: Path) -> None:
    """
    Not with each line: supervisord has others to look after.
    """
    path = tmp_path / "fifo"
    os.mkfifo(path)
    reading = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    log = LogFile(str(path))
    began = time.monotonic()
    for _ in range(100):
        log.write(bytes(65536))
    took = time.monotonic() - began
    assert log_file.troubles() == {str(path): "its reader takes nothing"}
    assert took < 2 * log_file.STUCK
    while os.read(reading, 1 << 20) and log_file.troubles():
        log.write(b"x")

    assert log_file.troubles() == {}
    os.close(reading)


def test_a_bound_log_begins_anew_where_it_can_not_be_moved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    A log file that is mounted: rename(2) says EBUSY.
    """

    def busy(*_: str) -> None:
        raise OSError(16, "Device or resource busy")

    path = tmp_path / "x.log"
    log = LogFile(str(path), most=4, backups=2)
    monkeypatch.setattr(os, "replace", busy)
    log.write(b"12345")
    log.write(b"6")

    assert path.read_bytes() == b"6"
    assert log_file.troubles() == {}


def test_descriptors_end_with_their_programs(running: Running) -> None:
    """
    A log that can't be opened costs its program nothing; nor does one that crashes all the time.
    """
    crash = "command=sh -c 'echo x; exit 1'\nstartsecs=1\nstartretries=1000000\n"
    log = "stdout_logfile=/proc/nothing\n"
    running.has(
        lost=f"[program:lost]\ncommand=sh -c 'echo x; exec sleep 1000'\nstartsecs=0\n{log}",
        crash=f"[program:crash]\n{crash}{log}",
        out="[program:out]\ncommand=sh -c 'while :; do echo y; sleep 0.05; done'\nstartsecs=0\n"
        "stdout_logfile=/dev/stdout\n",
    )
    running.start()
    until(lambda: running.programs()["crash:crash"]["ends"] == 1, "it has crashed")
    held = Path(f"/proc/{running.process.pid}/fd")
    before = len(list(held.iterdir()))
    until(lambda: running.programs()["crash:crash"]["ends"] == 3, "it has crashed again")

    assert len(list(held.iterdir())) <= before + 4  # its own pipes and log, while it runs
    assert running.states()["lost:lost"] == running.states()["out:out"] == "RUNNING"
    notes = running.call("getProblems")["notes"]
    assert any(note.startswith("/proc/nothing: ") for note in notes)
    assert "Illegal seek" not in (running.here / "supervisord.log").read_text()
