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
from collections.abc import Mapping
from pathlib import Path

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

    def note(self, inodes: Mapping[str, int], root: Path) -> None:
        """
        Take down what waits now, as far as that can be written.

        + inodes: by the paths of files
        + root: the directory of the cache that these are relative to
        """
        below = root.relative_to(self.cache / "vfs")
        waiting = {str(below / path): inode for path, inode in inodes.items()}
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

    + waited: what `read` has returned
    """
    content = cache / "vfs" / item.folder / item.path
    is_noted = item.inode and waited.get(f"{item.folder}/{item.path}") == item.inode
    return bool(is_noted and item.size is not None and not has_holes(content, item.size))


def renew(content: Path) -> None:
    """
    Give content that has a former one's time that of its last change of any kind. Raises OSError.
    """
    changed = content.stat().st_ctime_ns
    os.utime(content, ns=(changed, changed))
