"""
One log through rotation, truncation and deletion.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.unit.services.logs.conftest import Follower, Rotated, append, until

if TYPE_CHECKING:
    from collections.abc import Callable


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
