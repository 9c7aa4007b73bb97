"""
Which files are logs.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from slipway.services.logs import follow as logs
from tests.unit.services.logs.conftest import Follower, append, shown, until

if TYPE_CHECKING:
    from collections.abc import Callable


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


def test_its_own_output_is_not_followed(directory: Path, follow: Callable[..., Follower]) -> None:
    own = directory / "own.log"
    append(directory / "a.log", b"first\n")
    with own.open("ab") as stream:
        follower = follow(stdout=stream.fileno())
    until(lambda: b"first" in own.read_bytes(), "the first line")
    append(directory / "a.log", b"second\n")
    until(lambda: b"second" in own.read_bytes(), "the second line")

    assert follower.end() == 0
    assert len(own.read_bytes().splitlines()) == 2
