"""
What waits for its upload as rclone tells it, taken down: its metadata may say otherwise.

rclone keeps a file that was read open for five seconds. When another one has got its name by then
(`sed -i`, an editor), it writes the former one's metadata, and its time, over those of the new one,
until the upload is done. Killed before that, new content of the same size looks like a copy of
what the remote has.
Measured with rclone 1.75.2.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from slipway.remotes.mounted.cache_files import Item, has_holes
from slipway.system import atomic, files

_NOTE = ".waiting"  # in a cache: paths below vfs, each with its inode


class Queued:
    """
    The note of one cache.
    """

    def __init__(self, cache: Path) -> None:
        self.cache = cache
        self.noted: dict[str, int] | None = None

    def note(self, queue: Iterable[dict[str, Any]], root: Path) -> None:
        """
        Take down what waits now, as far as that can be written.

        + queue: rclone's answer
        + root: the directory of the cache that its names are relative to
        """
        below = root.relative_to(self.cache / "vfs")
        waiting = {}
        for each in queue:
            with contextlib.suppress(OSError):  # renamed meanwhile: the next look finds it
                waiting[str(below / each["name"])] = (root / each["name"]).lstat().st_ino
        if waiting != self.noted:
            with contextlib.suppress(OSError):  # a full disk
                atomic.write(self.cache / _NOTE, json.dumps(waiting).encode(), durable=False)
                self.noted = waiting


def read(cache: Path) -> dict[str, int]:
    """
    Return what waited at the last look: paths below vfs, each with its inode.
    """
    try:
        found = json.loads(files.readable(cache / _NOTE) or b"{}")
        return {str(path): int(inode) for path, inode in found.items()}
    except (ValueError, TypeError, AttributeError):
        return {}


def is_found(item: Item, cache: Path, waited: dict[str, int]) -> bool:
    """
    Tell whether a file that counts as a copy is one that waited, and is whole.

    Its content has the time of a former one, and gets that of its last change of any kind.

    + waited: what `read` has returned
    """
    content = cache / "vfs" / item.folder / item.path
    is_noted = item.inode and waited.get(f"{item.folder}/{item.path}") == item.inode
    if not is_noted or item.size is None or has_holes(content, item.size):
        return False
    changed = content.stat().st_ctime_ns
    os.utime(content, ns=(changed, changed))
    return True
