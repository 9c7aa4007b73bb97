"""
The logs of real files, through a real follower: a process of its own with the kernel's inotify.
"""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import resource
import signal
import stat
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING

import pytest

from slipway.services.logs import follow as logs
from slipway.services.logs import inotify, stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROJECT = Path(__file__).parents[4]
DEADLINE = 30.0
FOLLOW = """
import json, resource, sys
from slipway.services.logs import follow as logs
directory, options, files = sys.argv[1], json.loads(sys.argv[2]), int(sys.argv[3])
if files:
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
if options.pop("polling", False):
    logs.inotify.watch = lambda directory: -1
logs.follow(directory, logs.writer(1), output=1, **options)
"""
LINE = re.compile(rb"(\S+) +\| (?:\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ )?(.*)\n")


def until(condition: Callable[[], object], what: str) -> None:
    """
    Wait for a condition, which something else brings about.
    """
    end = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < end, f"not within {DEADLINE} s: {what}"
        time.sleep(0.005)


class Follower:
    """
    A follower in a process of its own, and what it has written so far.
    """

    def __init__(
        self, directory: Path, *, stdout: int = subprocess.PIPE, files: int = 0, **options: object
    ) -> None:
        self.lines: list[tuple[str, bytes]] = []
        self.raw: list[bytes] = []
        self.process = subprocess.Popen(
            [sys.executable, "-c", FOLLOW, directory, json.dumps(options), str(files)],
            stdout=stdout,
            cwd=PROJECT,
        )
        self.reader = threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True)
        if stdout == subprocess.PIPE:
            self.reader.start()

    def _read(self, stream: IO[bytes]) -> None:
        for line in stream:
            match = LINE.fullmatch(line)
            assert match, line
            self.raw.append(line)
            self.lines.append((match[1].decode(), match[2]))

    def shows(self, *expected: tuple[str, bytes]) -> None:
        """
        Wait until so many lines have come, and compare them.
        """
        until(lambda: len(self.lines) >= len(expected), f"{expected} in {self.lines}")
        assert list(expected) == self.lines

    def status(self, field: str) -> int:
        """
        Return a number of its /proc/PID/status.
        """
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.findall(rf"^{field}:\s+(\d+)", text, re.MULTILINE)[0])

    def asleep(self) -> bool:
        """
        Return whether it has begun to follow and waits for something.
        """
        caught = Path(f"/proc/{self.process.pid}/status").read_text().split("SigCgt:")[1].split()[0]
        handles = int(caught, 16) >> (signal.SIGTERM - 1) & 1
        return handles == 1 and Path(f"/proc/{self.process.pid}/stat").read_text().split()[2] == "S"

    def pause(self) -> None:
        """
        Make it miss what happens next.
        """
        self.process.send_signal(signal.SIGSTOP)
        stat_file = Path(f"/proc/{self.process.pid}/stat")
        until(lambda: stat_file.read_text().split()[2] == "T", "stopped")

    def proceed(self) -> None:
        """
        Let it see what happened.
        """
        self.process.send_signal(signal.SIGCONT)

    def end(self, number: int = signal.SIGTERM) -> int:
        """
        Return its exit code, with everything read that it wrote.
        """
        self.process.send_signal(number)
        code = self.process.wait(DEADLINE)
        if self.reader.ident:
            self.reader.join(DEADLINE)
        return code


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    path = tmp_path / "logs"
    path.mkdir()
    return path


@pytest.fixture
def follow(directory: Path) -> Iterator[Callable[..., Follower]]:
    followers: list[Follower] = []

    def start(**options: object) -> Follower:
        followers.append(Follower(directory, **options))  # type: ignore[arg-type]
        return followers[-1]

    yield start
    for follower in followers:
        if follower.process.poll() is None:
            follower.process.kill()
        follower.process.wait()


class Rotated:
    """
    A log that is rotated as supervisord does it.
    """

    def __init__(self, path: Path, backups: int = 10) -> None:
        self.path = path
        self.backups = backups
        self.stream = path.open("ab", buffering=0)

    def write(self, data: bytes) -> None:
        """
        Append, whatever the rotation.
        """
        self.stream.write(data)

    def rotate(self) -> None:
        """
        Rename upwards, oldest first, and open a new file.
        """
        self.stream.close()
        for index in range(self.backups, 0, -1):
            older = Path(f"{self.path}.{index}")
            newer = Path(f"{self.path}.{index - 1}") if index > 1 else self.path
            if newer.exists():
                older.unlink(missing_ok=True)
                newer.rename(older)
        self.stream = self.path.open("wb", buffering=0)


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as stream:
        stream.write(data)


def shown(directory: Path, *, lines: int | None = None, names: tuple[str, ...] = ()) -> list[bytes]:
    written: list[bytes] = []
    logs.show(directory, written.append, lines=lines, names=names)
    return b"".join(written).split(b"\n")[:-1]


# The shape of a line


def test_a_line_has_its_programs_name_and_time(directory: Path) -> None:
    """
    Name, time in UTC, line; names aligned; the time is when the file was written, also for
    somebody who reads it later.
    """
    append(directory / "sshd.log", b"Server listening\n")
    os.utime(directory / "sshd.log", (86400, 86400))

    assert shown(directory) == [b"sshd        | 1970-01-02T00:00:00Z Server listening"]


def test_a_time_in_the_future_is_now(directory: Path) -> None:
    append(directory / "a.log", b"x\n")
    os.utime(directory / "a.log", (2**33, 2**33))

    year = shown(directory)[0].split()[2][:4]

    assert abs(int(year) - time.gmtime().tm_year) <= 1


@pytest.mark.parametrize("line", [b"2024-11-24 13:17:05,004 INFO x", b"2024-11-24T13:17:05Z x"])
def test_a_line_with_a_date_gets_no_second_one(directory: Path, line: bytes) -> None:
    append(directory / "supervisord.log", line + b"\n")

    assert shown(directory) == [b"supervisord | " + line]


def test_bytes_pass_as_they_are(directory: Path) -> None:
    """
    No UTF-8, escape sequences, NUL, carriage return, empty lines: raw, as `docker logs` is.
    """
    lines = [b"\xff\xfe", b"\033[31mred", b"\0", b"10%\r20%", b""]
    append(directory / "a.log", b"".join(line + b"\n" for line in lines))

    assert [line.split(b"Z ", 1)[1] for line in shown(directory)] == lines


def test_colours_only_on_a_terminal(directory: Path, follow: Callable[..., Follower]) -> None:
    append(directory / "sshd.log", b"hello\n")
    ours, theirs = pty.openpty()

    follow(stdout=theirs)
    on_terminal = b""
    while b"hello" not in on_terminal:
        on_terminal += os.read(ours, 4096)
    os.close(ours)
    os.close(theirs)
    follower = follow()
    follower.shows(("sshd", b"hello"))

    assert re.match(rb"\033\[\d+msshd        \|\033\[0m \S+Z hello", on_terminal)
    assert b"\033" not in follower.raw[0]


# Which files


def test_only_logs_are_logs(directory: Path) -> None:
    """
    Neither other files nor what a reader could hang on or be sent elsewhere by.
    """
    append(directory / "a.log", b"yes\n")
    append(directory / "b.err.log", b"yes\n")
    append(directory / "a.txt", b"no\n")
    append(directory / "a.log.gz", b"no\n")
    append(directory / ".log", b"no\n")
    append(directory / "new\nline.log", b"no\n")
    (directory / "link.log").symlink_to("/etc/passwd")
    (directory / "directory.log").mkdir()
    os.mkfifo(directory / "fifo.log")

    assert {line.split()[0] for line in shown(directory)} == {b"a", b"b.err"}


def test_programs(directory: Path) -> None:
    append(directory / "b.log.2", b"x\n")
    append(directory / "a.log", b"x\n")
    append(directory / "c.txt", b"x\n")

    assert logs.programs(directory) == ["a", "b"]
    assert logs.programs(directory / "missing") == []


def test_only_the_names_asked_for(directory: Path, follow: Callable[..., Follower]) -> None:
    """
    Also one that has no log yet.
    """
    append(directory / "a.log", b"a1\n")
    append(directory / "b.log", b"b1\n")

    assert [line[-2:] for line in shown(directory, names=("a",))] == [b"a1"]
    follower = follow(names=["b", "later"])
    follower.shows(("b", b"b1"))
    append(directory / "a.log", b"a2\n")
    append(directory / "later.log", b"l1\n")
    follower.shows(("b", b"b1"), ("later", b"l1"))


def test_its_own_output_is_not_followed(directory: Path, follow: Callable[..., Follower]) -> None:
    own = directory / "logtail.log"
    append(directory / "a.log", b"first\n")
    with own.open("ab") as stream:
        follower = follow(stdout=stream.fileno())
    until(lambda: b"first" in own.read_bytes(), "the first line")
    append(directory / "a.log", b"second\n")
    until(lambda: b"second" in own.read_bytes(), "the second line")

    assert follower.end() == 0
    assert len(own.read_bytes().splitlines()) == 2


# The last lines


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (0, []),
        (1, [b"6"]),
        (2, [b"5", b"6"]),
        (3, [b"4", b"5", b"6"]),
        (5, [b"2", b"3", b"4", b"5", b"6"]),
        (99, [b"1", b"2", b"3", b"4", b"5", b"6"]),
    ],
)
def test_last_lines_reach_into_rotated_files(
    directory: Path, lines: int, expected: list[bytes]
) -> None:
    append(directory / "a.log.2", b"1\n2\n")
    append(directory / "a.log.1", b"3\n4\n")
    append(directory / "a.log", b"5\n6\n")

    assert [line.split()[-1] for line in shown(directory, lines=lines)] == expected


def test_last_lines_of_a_log_just_rotated_and_of_long_ones(directory: Path) -> None:
    append(directory / "a.log.1", b"1\n2\n")
    append(directory / "a.log", b"")
    append(directory / "b.log", b"x" * 200_000 + b"\n" + b"y" * 100_000 + b"\nz")

    a, *b = shown(directory, lines=1)
    assert a.endswith(b"Z 2")
    assert [line[-1:] for line in b] == [b"z"]
    b = shown(directory, lines=2, names=("b",))
    assert sum(line.count(b"y") for line in b) == 100_000
    assert not any(line.endswith(b"x") for line in b)


@pytest.mark.parametrize("polling", [False, True])
def test_backlog_holds_for_what_is_there_at_the_start(
    directory: Path, follow: Callable[..., Follower], *, polling: bool
) -> None:
    append(directory / "a.log", b"1\n2\n3\n")
    follower = follow(backlog=1, polling=polling)
    follower.shows(("a", b"3"))
    append(directory / "b.log", b"1\n2\n")
    follower.shows(("a", b"3"), ("b", b"1"), ("b", b"2"))


# Following


def test_files_that_appear_later(directory: Path, follow: Callable[..., Follower]) -> None:
    follower = follow()
    for number in range(20):
        append(directory / f"later{number}.log", b"x\n")
        until(lambda n=number: len(follower.lines) > n, f"file {number}")  # type: ignore[misc]

    assert [name for name, _ in follower.lines] == [f"later{n}" for n in range(20)]


@pytest.mark.parametrize("polling", [False, True])
def test_a_directory_that_comes_late_and_comes_again(
    directory: Path, follow: Callable[..., Follower], *, polling: bool
) -> None:
    directory.rmdir()
    follower = follow(polling=polling)
    directory.mkdir()
    append(directory / "a.log", b"1\n")
    follower.shows(("a", b"1"))
    (directory / "a.log").unlink()
    directory.rmdir()
    directory.mkdir()
    append(directory / "a.log", b"2\n")
    follower.shows(("a", b"1"), ("a", b"2"))


@pytest.mark.parametrize("polling", [False, True])
def test_rotation_under_load_loses_and_repeats_nothing(
    directory: Path, follow: Callable[..., Follower], *, polling: bool
) -> None:
    """
    100,000 lines through 50 rotations, cut anywhere in a line, as supervisord cuts them.
    """
    follower = follow(polling=polling)
    log = Rotated(directory / "a.log", backups=60)
    data = b"".join(b"line %d\n" % number for number in range(100_000))
    step = len(data) // 500
    for number, start in enumerate(range(0, len(data), step)):
        log.write(data[start : start + step])
        if number % 10 == 9:
            log.rotate()
    until(lambda: len(follower.lines) >= 100_000, "all lines")

    assert follower.end() == 0
    assert [line for _, line in follower.lines] == [b"line %d" % n for n in range(100_000)]


def test_a_burst_of_rotations_that_nobody_saw(
    directory: Path, follow: Callable[..., Follower]
) -> None:
    """
    Also of a log that nobody had seen before.
    """
    follower = follow()
    log = Rotated(directory / "a.log")
    log.write(b"0\n")
    follower.shows(("a", b"0"))
    follower.pause()
    new = Rotated(directory / "new.log")
    for number in range(1, 8):
        log.rotate()
        log.write(b"%d\n" % number)
        new.write(b"%d\n" % number)
        new.rotate()
    follower.proceed()
    until(lambda: len(follower.lines) >= 15, "all lines")

    assert [line for name, line in follower.lines if name == "a"] == [b"%d" % n for n in range(8)]
    assert [line for name, line in follower.lines if name == "new"] == [
        b"%d" % n for n in range(1, 8)
    ]


def test_rotated_off_the_end_is_read_from_the_open_file(
    directory: Path, follow: Callable[..., Follower]
) -> None:
    """
    The unread end of the file that was open, and the oldest file that is left; nothing twice.
    """
    follower = follow()
    log = Rotated(directory / "a.log", backups=2)
    log.write(b"0\n")
    follower.shows(("a", b"0"))
    follower.pause()
    log.write(b"unread\n")
    for number in range(1, 6):
        log.rotate()
        log.write(b"%d\n" % number)
    follower.proceed()
    expected = [("a", line) for line in (b"0", b"unread", b"3", b"4", b"5")]
    follower.shows(*expected)
    log.write(b"6\n")
    follower.shows(*expected, ("a", b"6"))


def test_truncation(directory: Path, follow: Callable[..., Follower]) -> None:
    """
    To a shorter file, and to one that has grown past our place before we looked.
    """
    path = directory / "a.log"
    follower = follow()
    append(path, b"first line\n")
    follower.shows(("a", b"first line"))
    path.write_bytes(b"2nd\n")
    follower.shows(("a", b"first line"), ("a", b"2nd"))
    follower.pause()
    path.write_bytes(b"third, and longer\n")
    follower.proceed()
    follower.shows(("a", b"first line"), ("a", b"2nd"), ("a", b"third, and longer"))


def test_deleted_and_made_again(directory: Path, follow: Callable[..., Follower]) -> None:
    """
    `supervisorctl clear`: the unread end still comes, older files are not repeated, and the dead
    file's space is given back.
    """
    path = directory / "a.log"
    append(directory / "a.log.1", b"old\n")
    append(path, b"1\n")
    follower = follow()
    follower.shows(("a", b"old"), ("a", b"1"))
    follower.pause()
    append(path, b"unread")
    path.unlink()
    follower.proceed()
    follower.shows(("a", b"old"), ("a", b"1"), ("a", b"unread"))
    fds = Path(f"/proc/{follower.process.pid}/fd")
    until(lambda: not any(".log (deleted)" in str(fd.readlink()) for fd in fds.iterdir()), "closed")
    append(path, b"again\n")
    follower.shows(("a", b"old"), ("a", b"1"), ("a", b"unread"), ("a", b"again"))


def test_a_line_without_its_end_is_held_back(
    directory: Path, follow: Callable[..., Follower]
) -> None:
    """
    Until its end comes, or for a second.
    """
    path = directory / "a.log"
    follower = follow()
    append(path, b"one ")
    append(directory / "b.log", b"seen\n")
    follower.shows(("b", b"seen"))
    append(path, b"line\n")
    follower.shows(("b", b"seen"), ("a", b"one line"))
    append(path, b"password: ")
    follower.shows(("b", b"seen"), ("a", b"one line"), ("a", b"password: "))


def test_a_line_across_a_rotation_is_one(directory: Path, follow: Callable[..., Follower]) -> None:
    follower = follow()
    log = Rotated(directory / "a.log")
    follower.pause()
    log.write(b"one ")
    log.rotate()
    log.write(b"long ")
    log.rotate()
    log.write(b"line\nnext\n")
    follower.proceed()
    follower.shows(("a", b"one long line"), ("a", b"next"))


# Restarts


def test_a_restart_repeats_and_loses_nothing(
    directory: Path, tmp_path: Path, follow: Callable[..., Follower]
) -> None:
    """
    Lines, rotations, and new logs while nobody follows; half a line when it ends.
    """
    offsets = tmp_path / "offsets"
    log = Rotated(directory / "a.log")
    log.write(b"1\n2\nhalf")
    first = follow(offsets=str(offsets))
    first.shows(("a", b"1"), ("a", b"2"))
    assert first.end() == 0
    assert stat.S_IMODE(offsets.stat().st_mode) == 0o600
    assert [p.name for p in tmp_path.iterdir() if p.is_file()] == ["offsets"]

    log.write(b" a line\n3\n")
    log.rotate()
    log.write(b"4\n")
    log.rotate()
    log.write(b"5\n")
    append(directory / "b.log.1", b"b1\n")
    append(directory / "b.log", b"b2\n")
    second = follow(offsets=str(offsets), backlog=0)
    lines = sorted(("a", line) for line in (b"3", b"4", b"5", b"half a line"))
    until(lambda: len(second.lines) >= 6, "the lines of both")
    assert second.end() == 0
    assert sorted(second.lines) == [*lines, ("b", b"b1"), ("b", b"b2")]

    third = follow(offsets=str(offsets))
    log.write(b"6\n")
    third.shows(("a", b"6"))


def test_what_is_gone_is_forgotten_at_the_next_start(
    directory: Path, tmp_path: Path, follow: Callable[..., Follower]
) -> None:
    """
    Else the positions of every log that ever was would be kept for ever; those of others stay.
    """
    offsets = tmp_path / "offsets"
    for name in ("a", "b", "c"):
        append(directory / f"{name}.log", b"1\n")
    first = follow(offsets=str(offsets))
    until(lambda: len(first.lines) == 3, "all three")
    assert first.end() == 0
    for name in ("b", "c"):
        (directory / f"{name}.log").unlink()
    only = follow(offsets=str(offsets), names=["a", "c"])
    until(lambda: offsets.exists() and set(json.loads(offsets.read_text())) == {"a", "b"}, "b")
    assert only.end() == 0
    append(directory / "b.log", b"2\n")
    follow(offsets=str(offsets)).shows(("b", b"2"))


def test_a_restart_in_a_line_across_a_rotation(
    directory: Path, tmp_path: Path, follow: Callable[..., Follower]
) -> None:
    """
    The line's beginning is in a file that has been read to its end.
    """
    offsets = str(tmp_path / "offsets")
    log = Rotated(directory / "a.log")
    log.write(b"0\n")
    first = follow(offsets=offsets)
    first.shows(("a", b"0"))
    first.pause()
    log.write(b"one ")
    log.rotate()
    first.process.send_signal(signal.SIGTERM)
    first.proceed()
    assert first.process.wait(DEADLINE) == 0
    log.write(b"line\n")
    follow(offsets=offsets).shows(("a", b"one line"))


def test_a_restart_after_the_reader_left(
    directory: Path, tmp_path: Path, follow: Callable[..., Follower]
) -> None:
    """
    What it had taken is not repeated, what it hadn't is not lost.
    """
    offsets = str(tmp_path / "offsets")
    ours, theirs = os.pipe()
    append(directory / "a.log", b"1\n")
    first = follow(stdout=theirs, offsets=offsets)
    os.close(theirs)
    assert os.read(ours, 4096).endswith(b"Z 1\n")
    first.pause()
    os.close(ours)
    append(directory / "a.log", b"2\n")
    first.proceed()
    assert first.process.wait(DEADLINE) == 0
    follow(offsets=offsets).shows(("a", b"2"))


def test_restarts_under_load(
    directory: Path, tmp_path: Path, follow: Callable[..., Follower]
) -> None:
    """
    Ten followers after each other, each ended while it writes: together every line once.
    """
    offsets = str(tmp_path / "offsets")
    written = 0
    log = Rotated(directory / "a.log")
    seen: list[bytes] = []
    for _ in range(10):
        follower = follow(offsets=offsets)
        for number in range(4):
            log.write(b"".join(b"%d\n" % n for n in range(written, written + 5_000)))
            written += 5_000
            if number == 2:
                log.rotate()
        until(lambda: follower.lines, "a line")  # noqa: B023
        assert follower.end() == 0
        seen += [line for _, line in follower.lines]
    last = follow(offsets=offsets)
    until(lambda: len(seen) + len(last.lines) >= written and last.asleep(), "the rest")
    assert last.end() == 0

    assert seen + [line for _, line in last.lines] == [b"%d" % n for n in range(written)]


def test_positions_are_saved_while_it_runs(
    directory: Path, tmp_path: Path, follow: Callable[..., Follower]
) -> None:
    """
    A killed follower repeats a second's lines at most.
    """
    offsets = tmp_path / "offsets"
    append(directory / "a.log", b"1\n")
    first = follow(offsets=str(offsets))
    until(lambda: offsets.exists() and json.loads(offsets.read_text())["a"][1] == 2, "saved")
    first.end(signal.SIGKILL)
    append(directory / "a.log", b"2\n")
    follow(offsets=str(offsets)).shows(("a", b"2"))


def test_an_inode_that_came_back_is_another_file(
    directory: Path, tmp_path: Path, follow: Callable[..., Follower]
) -> None:
    offsets = tmp_path / "offsets"
    path = directory / "a.log"
    append(path, b"before\n")
    first = follow(offsets=str(offsets))
    first.shows(("a", b"before"))
    assert first.end() == 0
    path.write_bytes(b"other content under the same inode\n")
    follow(offsets=str(offsets)).shows(("a", b"other content under the same inode"))


@pytest.mark.parametrize("content", ["", "{", "[]", '{"a": 1}', '{"a": [1, 2, "zz", 0, 0]}', "\0"])
def test_positions_that_are_no_positions(
    directory: Path, tmp_path: Path, follow: Callable[..., Follower], content: str
) -> None:
    (tmp_path / "offsets").write_text(content)
    append(directory / "a.log", b"1\n")
    follow(offsets=str(tmp_path / "offsets")).shows(("a", b"1"))


def test_positions_that_cannot_be_saved(
    directory: Path, tmp_path: Path, follow: Callable[..., Follower]
) -> None:
    """
    The logs go on: they are what tells of the full disk.
    """
    follower = follow(offsets=str(tmp_path / "missing" / "offsets"))
    append(directory / "a.log", b"1\n")
    follower.shows(("a", b"1"))
    append(directory / "a.log", b"2\n")
    follower.shows(("a", b"1"), ("a", b"2"))
    assert follower.end() == 0


# Bounds


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_memory_is_bounded(directory: Path, follow: Callable[..., Follower], end: bytes) -> None:
    """
    300 MB of lines, or 300 MB of one line: the peak stays within 8 MB of the start's.
    """
    follower = follow(stdout=os.open(os.devnull, os.O_WRONLY))
    until(follower.asleep, "idle")
    before = follower.status("VmHWM")
    block = (b"x" * 99 + (end or b"x")) * 10_000
    path = directory / "a.log"
    for _ in range(300):
        append(path, block)
    position = Path(f"/proc/{follower.process.pid}/io")
    until(
        lambda: int(position.read_text().split("rchar:")[1].split()[0]) >= 300_000_000, "all read"
    )

    assert follower.status("VmHWM") < before + 8_000


def test_a_thousand_logs_need_few_descriptors(
    directory: Path, follow: Callable[..., Follower]
) -> None:
    for number in range(1000):
        append(directory / f"p{number}.log", b"1\n")
    follower = follow(files=stream.OPEN + 16)
    until(lambda: len(follower.lines) >= 1000, "the first lines")
    for number in range(1000):
        append(directory / f"p{number}.log", b"2\n")
    until(lambda: len(follower.lines) >= 2000, "the second lines")

    assert follower.end() == 0
    assert set(follower.lines) == {(f"p{n}", b"%d" % i) for n in range(1000) for i in (1, 2)}
    assert len(follower.lines) == 2000


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_reader_that_does_not_read(
    directory: Path, follow: Callable[..., Follower], number: int
) -> None:
    """
    It blocks the follower, which doesn't grow, and still ends when told to.
    """
    ours, theirs = os.pipe()
    fcntl.fcntl(theirs, fcntl.F_SETPIPE_SZ, 4096)
    follower = follow(stdout=theirs)
    os.close(theirs)
    until(follower.asleep, "idle")
    before = follower.status("VmHWM")
    for _ in range(100):
        append(directory / "a.log", b"x" * 999_999 + b"\n")

    def full() -> bool:
        waiting = bytearray(4)
        fcntl.ioctl(ours, termios.FIONREAD, waiting)
        return int.from_bytes(waiting, sys.byteorder) == 4096 and follower.asleep()

    until(full, "blocked")
    assert follower.status("VmHWM") < before + 8_000
    assert follower.end(number) == 0
    os.close(ours)


@pytest.mark.parametrize("idle", [True, False])
def test_a_reader_that_leaves(
    directory: Path, follow: Callable[..., Follower], *, idle: bool
) -> None:
    """
    Ends the following with 0, also while no program writes.
    """
    ours, theirs = os.pipe()
    follower = follow(stdout=theirs)
    os.close(theirs)
    append(directory / "a.log", b"1\n")
    assert os.read(ours, 4096).endswith(b"Z 1\n")
    if not idle:
        follower.pause()
        append(directory / "a.log", b"2\n")
    os.close(ours)
    follower.proceed()

    assert follower.process.wait(DEADLINE) == 0


def test_nothing_happens_while_nothing_happens(
    directory: Path, tmp_path: Path, follow: Callable[..., Follower]
) -> None:
    """
    Not one wake-up in two seconds, in which every timer would have run.
    """
    offsets = tmp_path / "offsets"
    follower = follow(offsets=str(offsets))
    append(directory / "a.log", b"1\nhalf")
    follower.shows(("a", b"1"), ("a", b"half"))
    until(lambda: offsets.exists() and json.loads(offsets.read_text())["a"][1] == 6, "saved")
    until(follower.asleep, "idle")
    before = follower.status("voluntary_ctxt_switches")
    time.sleep(2)  # the subject of the test, not synchronisation

    assert follower.status("voluntary_ctxt_switches") == before


def test_without_inotify_it_looks_again_and_again(
    directory: Path, follow: Callable[..., Follower]
) -> None:
    """
    128 inotify instances a user, over all containers, are soon used up.
    """
    follower = follow(polling=True)
    append(directory / "a.log", b"1\n")
    follower.shows(("a", b"1"))
    append(directory / "a.log", b"2\n")
    append(directory / "b.log", b"3\n")
    follower.shows(("a", b"1"), ("a", b"2"), ("b", b"3"))


def test_no_watch_is_minus_one(directory: Path) -> None:
    """
    A missing directory, and a process without a descriptor left.
    """
    assert inotify.watch(str(directory / "missing")) == -1
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        assert inotify.watch(str(directory)) == -1
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_descriptor_ends_it_in_a_thread(directory: Path) -> None:
    """
    No signal handlers there: they are the main thread's.
    """
    written: list[bytes] = []
    stop, go = os.pipe()
    thread = threading.Thread(
        target=logs.follow, args=(directory, written.append), kwargs={"stop": stop}
    )
    thread.start()
    append(directory / "a.log", b"1\n")
    until(lambda: written, "a line")
    os.write(go, b".")
    thread.join(DEADLINE)

    assert not thread.is_alive()
    os.close(stop)
    os.close(go)


def test_it_is_small() -> None:
    """
    What it imports is resident as long as the container.
    """
    code = "import slipway.services.logs.follow, sys; print(*sys.modules)"
    imported = subprocess.check_output([sys.executable, "-S", "-c", code], cwd=PROJECT).split()

    assert not {b"pathlib", b"typing", b"subprocess", b"logging", b"asyncio"} & set(imported)
