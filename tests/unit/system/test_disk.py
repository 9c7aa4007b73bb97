"""
Room on a volume.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from slipway.system import disk

GIB = 1 << 30


@pytest.fixture
def volume(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, int], None]:
    """
    Make every path lie on a volume of so many bytes, of which some are free.
    """

    def make(total: int, free: int) -> None:
        block = 4096
        seen = SimpleNamespace(f_frsize=block, f_blocks=total // block, f_bavail=free // block)
        monkeypatch.setattr(os, "statvfs", lambda _path: seen)

    return make


@pytest.mark.parametrize(
    ("total", "floor"), [(GIB, GIB // 20), (100 * GIB, 5 * GIB), (5000 * GIB, 10 * GIB), (0, 0)]
)
def test_a_twentieth_is_left_and_never_more_than_ten_gib(
    volume: Callable[[int, int], None], total: int, floor: int
) -> None:
    """
    Sized by the volume: a small disk is still of use, and of a large one enough is left.
    """
    volume(total, total)

    assert abs(disk.floor(Path("/w")) - floor) <= 4096


def test_a_shortage_says_how_much_there_is(volume: Callable[[int, int], None]) -> None:
    """
    In MiB; nothing where there is room.
    """
    volume(100 * GIB, 200 << 20)
    assert disk.shortage(Path("/w")) == (
        "200 MiB are free on its volume, of 5120 that it should leave"
    )
    volume(100 * GIB, 6 * GIB)
    assert disk.shortage(Path("/w")) == ""


def test_a_path_that_is_not_there_lies_where_it_would_be(tmp_path: Path) -> None:
    """
    The cache's directory is made later.
    """
    assert disk.floor(tmp_path / "a/b/c") == disk.floor(tmp_path) > 0


def test_a_volume_that_does_not_answer_has_no_floor(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A dead FUSE, say: rclone then has its own defaults.
    """

    def fail(_path: Path) -> None:
        raise OSError(107, "Transport endpoint is not connected")

    monkeypatch.setattr(os, "statvfs", fail)

    assert (disk.floor(Path("/w")), disk.shortage(Path("/w"))) == (0, "")
