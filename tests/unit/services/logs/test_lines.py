"""
The shape of a line.
"""

from __future__ import annotations

import calendar
import contextlib
import os
import pty
import re
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from slipway.services.logs.lines import Lines
from tests.unit.services.logs.conftest import Follower, append, shown, until

if TYPE_CHECKING:
    from collections.abc import Callable


TIMED = re.compile(rb"sshd        \| (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ) Server listening\n")


def test_a_line_has_its_programs_name_and_time(
    directory: Path, follow: Callable[..., Follower]
) -> None:
    """
    Name, time in UTC, line; names aligned.
    """
    append(directory / "a.log", b"old\n")
    follower = follow()
    follower.shows(("a", b"old"))
    before = int(time.time())
    append(directory / "sshd.log", b"Server listening\n")
    follower.shows(("a", b"old"), ("sshd", b"Server listening"))
    (match,) = filter(None, map(TIMED.fullmatch, follower.raw))
    shown_at = calendar.timegm(time.strptime(match[1].decode(), "%Y-%m-%dT%H:%M:%SZ"))

    assert before <= shown_at <= time.time()


def test_what_was_written_before_anybody_looked_has_no_time_of_ours(directory: Path) -> None:
    """
    The file's time is that of its last line: it was shown beside a line of 18 s before.
    """
    append(directory / "sshd.log", b"Server listening\nClosed\n")
    append(directory / "sshd.log.1", b"earlier\n")

    assert shown(directory) == [
        b"sshd        | earlier",
        b"sshd        | Server listening",
        b"sshd        | Closed",
    ]


class When(NamedTuple):
    """
    What happens to a log, and whether a time is shown beside its next line.
    """

    before: bytes  # in the file when the following begins
    written: int  # seconds that the file's time is off
    is_timed: bool


@pytest.mark.parametrize(
    "when",
    [
        When(b"", 0, is_timed=True),
        When(b"old\n", 0, is_timed=True),
        When(b"half", 0, is_timed=False),
        When(b"", -3600, is_timed=False),
        When(b"old\n", -3600, is_timed=False),
        When(b"", 3600, is_timed=True),
    ],
    ids=[
        "new",
        "read to its end",
        "begun before",
        "moved here",
        "of another time",
        "in the future",
    ],
)
def test_only_what_is_written_while_we_look_has_a_time(
    directory: Path, follow: Callable[..., Follower], when: When
) -> None:
    """
    And never one in the future.
    """
    file = directory / "a.log"
    append(directory / "first.log", b"x\n")
    if when.before:
        append(file, when.before)
    follower = follow()
    there = {("first", b"x"), *([("a", b"old")] if when.before == b"old\n" else [])}
    until(lambda: set(follower.lines) == there, "what was there")
    draft = directory / "draft"
    draft.write_bytes((file.read_bytes() if when.before else b"") + b"new\n")
    if when.written:
        stamp = time.time() + when.written
        os.utime(draft, (stamp, stamp))
        with contextlib.suppress(FileNotFoundError):
            file.unlink()
        draft.rename(file)
    else:
        append(file, b"new\n")
    until(lambda: any(line.endswith(b"new\n") for line in follower.raw), "the new line")
    line = next(line for line in follower.raw if line.endswith(b"new\n"))

    assert (b"Z " in line) is when.is_timed
    if when.is_timed:
        year = int(line.split()[2][:4])
        assert abs(year - time.gmtime().tm_year) <= 1


@pytest.mark.parametrize(
    ("line", "is_dated"),
    [
        (b"2024-11-24 13:17:05,004 INFO x", True),
        (b"2024-11-24T13:17:05Z x", True),
        (b"2024/11/24 13:17:05 NOTICE: x", True),
        (b"[2024-11-24 13:17:05 +0000] [7] [INFO] x", True),
        (b"[I 2024-11-24 13:17:05.004 ServerApp] x", True),
        (b"[2024/11/24 13:17:05] x", True),
        (b"2024-11-24 is a Sunday", False),
        (b"backup of 2024-11-24 13:17 is done", False),
        (b"[I] 2024", False),
        (b"20", False),
    ],
)
def test_a_line_with_a_date_gets_no_second_one(line: bytes, *, is_dated: bool) -> None:
    """
    Neither rclone's, nor one in brackets. A date in the middle of a line is not the line's.
    """
    said: list[bytes] = []
    Lines(said.append, output=None).put("a", line, second=1)

    stamp = b"" if is_dated else b"1970-01-01T00:00:01Z "
    assert said == [b"a           | " + stamp + line + b"\n"]


def test_bytes_pass_as_they_are(directory: Path) -> None:
    """
    No UTF-8, escape sequences, NUL, carriage return, empty lines: raw, as `docker logs` is.
    """
    lines = [b"\xff\xfe", b"\033[31mred", b"\0", b"10%\r20%", b""]
    append(directory / "a.log", b"".join(line + b"\n" for line in lines))

    assert [line.split(b"| ", 1)[1] for line in shown(directory)] == lines


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

    assert re.match(rb"\033\[\d+msshd        \|\033\[0m hello", on_terminal)
    assert b"\033" not in follower.raw[0]
