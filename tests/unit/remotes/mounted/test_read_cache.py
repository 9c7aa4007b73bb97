"""
Which mounts keep what is read: those with room for it.
"""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import pytest

from slipway.remotes.mounted import read_cache
from slipway.remotes.mounted.read_cache import FULL, WRITES

MIB, GIB = 1 << 20, 1 << 30


class Row(NamedTuple):
    """
    A volume's size, what of it is free, what the cache has of it, and what rclone does.
    """

    size: int
    free: int
    held: int
    mode: str
    given: dict[str, str] = {}  # noqa: RUF012 - never changed


ROWS = {
    "a disk of 200 MB": Row(200 * MIB, 200 * MIB, 0, WRITES),
    "a tmpfs of 1 GiB": Row(GIB, GIB, 0, WRITES),
    "an emptyDir of 4 GiB": Row(4 * GIB, 4 * GIB, 0, WRITES),
    "a cloud's 5 GB": Row(5 * GIB, 5 * GIB, 0, FULL),
    "a large disk": Row(1000 * GIB, 900 * GIB, 0, FULL),
    "a large disk, with 200 MB free": Row(100 * GIB, 200 * MIB, 0, WRITES),
    "a large disk, with as much free as caches leave": Row(100 * GIB, 5 * GIB, 0, WRITES),
    "a very large disk, with 15 GiB free": Row(8000 * GIB, 15 * GIB, 0, FULL),
    "a full disk": Row(100 * GIB, 0, 0, WRITES),
    "a disk that is full of the cache": Row(100 * GIB, 0, 20 * GIB, FULL),
    "a disk that is full of others and some cache": Row(100 * GIB, 0, 6 * GIB, WRITES),
    "nobody can say": Row(0, 0, 0, FULL),
    "a small one whose floor is given": Row(
        200 * MIB, 200 * MIB, 0, FULL, {"RCLONE_VFS_CACHE_MIN_FREE_SPACE": "10M"}
    ),
    "a small one whose cache's size is given": Row(
        200 * MIB, 200 * MIB, 0, FULL, {"RCLONE_VFS_CACHE_MAX_SIZE": "50M"}
    ),
    "a small one whose floor is given as nothing": Row(
        200 * MIB, 200 * MIB, 0, WRITES, {"RCLONE_VFS_CACHE_MIN_FREE_SPACE": ""}
    ),
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS.keys())
def test_what_is_read_is_cached_where_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, row: Row
) -> None:
    """
    What the cache has counts as room: it is given up for others.
    """
    block = 4096
    seen = SimpleNamespace(f_frsize=block, f_blocks=row.size // block, f_bavail=row.free // block)

    def statvfs(_path: Path) -> SimpleNamespace:
        if not row.size:
            raise OSError(107, "Transport endpoint is not connected")
        return seen

    monkeypatch.setattr(os, "statvfs", statvfs)
    monkeypatch.setattr(read_cache, "_held", lambda _cache: row.held)

    assert read_cache.mode(tmp_path, row.given) == row.mode


def test_what_a_cache_has_is_what_is_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Its files are sparse.
    """
    (tmp_path / "vfs").mkdir()
    with (tmp_path / "vfs/sparse").open("wb") as file:
        file.truncate(100 * GIB)
    (tmp_path / "vfs/there").write_bytes(b"x" * MIB)
    seen = SimpleNamespace(f_frsize=4096, f_blocks=GIB, f_bavail=0)
    monkeypatch.setattr(os, "statvfs", lambda _path: seen)

    assert read_cache.mode(tmp_path, {}) == WRITES
    monkeypatch.setattr(read_cache, "LEAST", MIB - (10 << 30))  # less the floor of a large disk
    assert read_cache.mode(tmp_path, {}) == FULL


def test_what_is_uploaded_goes_at_once_where_there_is_little_room() -> None:
    """
    Unless an interval is given.
    """
    poll = "RCLONE_VFS_CACHE_POLL_INTERVAL"
    assert read_cache.options(WRITES, {}) == {poll: "1s"}
    assert read_cache.options(WRITES, {poll: "1m"}) == read_cache.options(FULL, {}) == {}
