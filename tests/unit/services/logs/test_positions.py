"""
Restarts: what a follower hands to the next one.
"""

from __future__ import annotations

import json
import os
import signal
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.unit.services.logs.conftest import DEADLINE, Follower, Rotated, append, until

if TYPE_CHECKING:
    from collections.abc import Callable


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
    assert os.read(ours, 4096).endswith(b"| 1\n")
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
