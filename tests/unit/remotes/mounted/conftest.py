"""
A write cache, laid as rclone does.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from slipway.remotes.mounted import cache_repair
from slipway.remotes.mounted.cache_repair import Decision

CLOSED = 1_795_521_600  # DATES' ModTime, since 1970
DATES = {"ModTime": "2026-11-24T12:00:00Z", "ATime": "2026-11-24T12:00:00Z", "Fingerprint": ""}


def metadata(size: int, ranges: list[tuple[int, int]] | None, *, dirty: bool, **more: Any) -> bytes:
    """
    Return what rclone writes.
    """
    parts = None if ranges is None else [{"Pos": pos, "Size": length} for pos, length in ranges]
    known = {**DATES, "Size": size, "Rs": parts, "Dirty": dirty, **more}
    return json.dumps(known).encode()


def says(answer: bool | None) -> Callable[[str, str], bool | None]:  # noqa: FBT001 - an answer
    """
    Return a remote that says the same of every file.
    """
    return lambda _folder, _path: answer


class Cache:
    """
    A cache directory on disk.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.rescued = root.parent / "rescued"

    def put(
        self, path: str, content: bytes | None, known: bytes | None, *, written: float = CLOSED
    ) -> None:
        """
        Lay a file as rclone does; `path` begins with the folder.

        + written: when the content was, since 1970
        """
        for top, data in (("vfs", content), ("vfsMeta", known)):
            if data is not None:
                file = self.root / top / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(data)
                os.utime(file, (written, written))

    def known(self, path: str) -> Any:
        """
        Return a file's metadata.
        """
        return json.loads((self.root / "vfsMeta" / path).read_bytes())

    def repair(self, *, has: bool | None = True) -> list[Decision]:
        """
        Repair it.
        """
        return self.repaired(has=has).done

    def repaired(self, *, has: bool | None = True) -> cache_repair.Repaired:
        """
        Repair it; returns what waits, too.
        """
        return cache_repair.repair(self.root, rescued=self.rescued, remote_has=says(has))

    def adopt(self, name: str, root: str = "", *, target: Cache | None = None) -> list[Decision]:
        """
        Repair it and move what waits to the folder of that name.
        """
        to = (target or self).root
        return cache_repair.adopt(self.repaired(), to, home=(name, root), rescued=self.rescued)

    def waiting(self) -> set[str]:
        """
        Return the folders in which files wait.
        """
        return {item.folder for item in self.repaired().waiting}


@pytest.fixture
def lying(tmp_path: Path) -> Cache:
    """
    An empty cache.
    """
    return Cache(tmp_path / "cache")
