"""
The shape of a line.
"""

from __future__ import annotations

import os
import pty
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.unit.services.logs.conftest import Follower, append, shown

if TYPE_CHECKING:
    from collections.abc import Callable


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
