"""
Many logs as one stream, within bounds.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from slipway.services.logs import stream
from tests.unit.services.logs.conftest import Follower, append, shown, until

if TYPE_CHECKING:
    from collections.abc import Callable


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


def test_files_that_appear_later(directory: Path, follow: Callable[..., Follower]) -> None:
    follower = follow()
    for number in range(20):
        append(directory / f"later{number}.log", b"x\n")
        until(lambda n=number: len(follower.lines) > n, f"file {number}")  # type: ignore[misc]

    assert [name for name, _ in follower.lines] == [f"later{n}" for n in range(20)]


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
