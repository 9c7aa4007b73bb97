"""
The last lines of a log, over its rotated files.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.unit.services.logs.conftest import Follower, append, shown

if TYPE_CHECKING:
    from collections.abc import Callable


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
    assert a.endswith(b"| 2")
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
