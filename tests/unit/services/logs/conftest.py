"""
The logs of real files, through a real follower: a process of its own with the kernel's inotify.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING

import pytest

from slipway.services.logs import follow as logs

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
