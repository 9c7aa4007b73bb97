"""
Mounts in which somebody waits: for something that moves, or for ever.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from slipway.remotes import rc
from slipway.remotes.mounted import mountpoint, standstill
from slipway.remotes.mounted.standstill import LONG, Standstill
from slipway.system.mountinfo import Mount

EVERY = 30.0  # seconds between two looks


class Seen(NamedTuple):
    """
    What one look finds.
    """

    waiting: int = 1
    stats: dict[str, int] = {}  # noqa: RUF012 - never changed
    processor: float = 0.0


def served(number: int) -> Seen:
    """Somebody reads what the cache has."""
    return Seen(2, {}, number * 3.0)


ROWS: dict[str, tuple[Callable[[int], Seen], bool]] = {
    "a rename that nobody answers": (lambda _: Seen(), True),
    "many that wait for it": (lambda _: Seen(40), True),
    "rclone is only asked how it is": (lambda number: Seen(1, {}, number * 0.1), True),
    "time passes and is told": (lambda number: Seen(1, {"elapsedTime": number}), True),
    "listings are counted": (lambda number: Seen(1, {"listed": number}), True),
    "nobody waits": (lambda _: Seen(0), False),
    "somebody waits now and then": (lambda number: Seen(number % 2), False),
    "a large file is read": (lambda number: Seen(1, {"bytes": number * 1000}), False),
    "a directory is renamed": (lambda number: Seen(1, {"renames": number}), False),
    "files are copied there": (lambda number: Seen(1, {"serverSideCopies": number}), False),
    "files are deleted": (lambda number: Seen(1, {"deletes": number}), False),
    "uploads fail": (lambda number: Seen(1, {"errors": number}), False),
    "what is cached is read": (served, False),
}


@pytest.mark.parametrize(("seen", "hangs"), ROWS.values(), ids=ROWS.keys())
def test_it_hangs_where_nothing_moves(
    monkeypatch: pytest.MonkeyPatch,
    seen: Callable[[int], Seen],
    hangs: bool,  # noqa: FBT001 - a row's
) -> None:
    """
    Not before two minutes; and no more once something moves.
    """
    now = 0

    def call(_socket: Path, command: str) -> dict[str, Any]:
        assert command == "core/stats"
        return dict(seen(now).stats)

    monkeypatch.setattr(rc, "call", call)
    monkeypatch.setattr(standstill, "waiting", lambda _point: seen(now).waiting)
    monkeypatch.setattr(standstill, "_processor", lambda _pid: seen(now).processor)
    looks = Standstill(1, Path("/socket"), Path("/w/remote/far"))
    said: list[str] = []
    while now < 20:
        said.append(looks.look(now * EVERY))
        now += 1

    assert said[: int(LONG / EVERY)] == [""] * int(LONG / EVERY)
    assert bool(said[-1]) == hangs
    if hangs:
        assert "`supervisorctl restart remote-far`" in said[-1]
        monkeypatch.setattr(standstill, "waiting", lambda _point: 0)
        assert looks.look(1000.0) == ""


def test_who_can_not_say_does_not_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The kernel's numbers can't be had, or rclone does not answer.
    """

    def fail(_socket: Path, _command: str) -> dict[str, Any]:
        raise TimeoutError

    monkeypatch.setattr(rc, "call", fail)
    monkeypatch.setattr(standstill, "waiting", lambda _point: 1)
    looks = Standstill(os.getpid(), Path("/socket"), Path("/w/remote/far"))

    assert [looks.look(now * EVERY) for now in range(10)] == [""] * 10


@pytest.mark.parametrize(
    ("device", "says", "expected"),
    [("0:279", "3", 3), ("0:279", "0", 0), ("0:279", "", 0), ("", "", 0)],
)
def test_the_kernel_is_asked_by_the_connections_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, device: str, says: str, expected: int
) -> None:
    """
    It is the minor number of the mount's device; who may not ask gets no answer.
    """
    program = tmp_path / "timeout"
    program.write_text(f"#!/bin/sh\necho \"$@\" > {tmp_path}/asked\nprintf '%s' '{says}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    mount = Mount("/m", "fuse.rclone", "far:", frozenset(), shared=False, device=device)
    monkeypatch.setattr(mountpoint, "mounts", lambda _point: [mount])

    assert standstill.waiting(Path("/m")) == expected
    assert (tmp_path / "asked").read_text().split()[-1] == (device.partition(":")[2] or "-")
