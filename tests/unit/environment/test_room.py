"""
Memory that may be locked and shared.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from slipway.environment import room
from slipway.environment.room import Room

LINE = "Max locked memory         {}             {}             bytes     \n"


@pytest.mark.parametrize(
    ("limit", "expected"),
    [("65536", 65536), ("unlimited", None), ("8388608", 8388608)],
)
def test_the_limit_is_the_containers(tmp_path: Path, limit: str, expected: int | None) -> None:
    """
    As PID 1 has it; and the size of the file system that is shared.
    """
    (tmp_path / "proc/1").mkdir(parents=True)
    (tmp_path / "dev/shm").mkdir(parents=True)
    (tmp_path / "proc/1/limits").write_text("Limit  Soft\n" + LINE.format(limit, limit))
    seen = room.look(str(tmp_path))

    assert seen.locked == expected
    assert seen.shared


def test_nothing_to_look_at_is_no_limit_and_no_place(tmp_path: Path) -> None:
    assert room.look(str(tmp_path)) == Room(None, 0)


@pytest.mark.parametrize(
    ("locked", "works", "words"),
    [
        (65536, False, "64 kB: too small for InfiniBand"),
        (8 << 20, False, "8 MB: too small for InfiniBand"),
        (None, True, "without limit"),
        (1 << 40, True, "1048576 MB"),
    ],
)
def test_little_locked_memory_is_named(locked: int | None, words: str, *, works: bool) -> None:
    """
    With the option that gives more.
    """
    seen, told = room.of_locked(Room(locked, 1))

    assert (seen, told.startswith(words)) == (works, True)
    assert works or "--ulimit memlock=-1" in told


@pytest.mark.parametrize(
    ("shared", "works", "words"),
    [
        (64 << 20, False, "64 MB in /dev/shm"),
        (1 << 20, False, "1 MB in /dev/shm"),
        (0, False, "no /dev/shm"),
        (None, False, "no /dev/shm"),
        (8 << 30, True, "8192 MB in /dev/shm"),
    ],
)
def test_little_shared_memory_is_named(shared: int | None, words: str, *, works: bool) -> None:
    """
    Docker's default is too small for data loaders.
    """
    seen, told = room.of_shared(Room(None, shared))

    assert (seen, told.startswith(words)) == (works, True)
    assert works or not shared or "--shm-size" in told
