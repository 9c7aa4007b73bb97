"""
New content that waits, and whose metadata is a former one's.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from slipway.remotes.mounted.cache_repair import repair
from slipway.remotes.mounted.queued import Queued, read

from .conftest import Cache, metadata

OLD = "2026-11-27T01:00:00Z"
NEW = b"new content"
COPY = metadata(len(NEW), [(0, len(NEW))], dirty=False, ModTime=OLD)


class Row(NamedTuple):
    """
    What is done between rclone's answer and the repair, and whether the file is uploaded.
    """

    script: str = ""
    waits: bool = True


ROWS = {
    "its metadata was replaced": Row(),
    "another file has its name": Row("replace", waits=False),
    "it has holes": Row("sparse", waits=False),
    "it is uploaded": Row("uploaded", waits=False),
    "the note is junk": Row("junk", waits=False),
    "the note is a directory": Row("directory", waits=False),
    "the note is of another form": Row("list", waits=False),
}


def spoil(cache: Cache, queued: Queued, script: str) -> None:
    """
    Do what a row says.
    """
    content, note = cache.root / "vfs/far/d/f", cache.root / ".waiting"
    if script == "replace":
        other = content.with_name("other")
        other.write_bytes(NEW)
        other.rename(content)
    elif script == "sparse":
        with content.open("wb") as stream:
            stream.truncate(len(NEW))
    elif script == "uploaded":
        queued.note({}, cache.root / "vfs/far")
    elif script == "directory":
        note.unlink()
        note.mkdir()
    elif script:
        note.write_text({"junk": "{", "list": "[1]"}[script])


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS.keys())
@pytest.mark.parametrize("root", ["vfs/far", "vfs/far/d"])
def test_what_waited_is_uploaded(tmp_path: Path, row: Row, root: str) -> None:
    """
    Its own content alone, whole, and with a time that the remote's former one has not.
    """
    cache = Cache(tmp_path / "cache")
    cache.put("far/d/f", NEW, COPY)
    queued = Queued(cache.root)
    name = "f" if root.endswith("d") else "d/f"
    inode = (cache.root / "vfs/far/d/f").stat().st_ino
    queued.note({name: inode}, cache.root / root)
    spoil(cache, queued, row.script)
    repaired = repair(
        cache.root, rescued=tmp_path / "rescued", remote_has=lambda _folder, _path: True
    )

    assert [item.path for item in repaired.waiting] == (["d/f"] if row.waits else [])
    assert (b'"Dirty": true' in (cache.root / "vfsMeta/far/d/f").read_bytes()) is row.waits
    assert not (tmp_path / "rescued").exists()


def test_it_is_written_when_it_changes(tmp_path: Path) -> None:
    """
    And not at each look; a cache that can't be written to costs nothing else.
    """
    cache = Cache(tmp_path / "cache")
    cache.put("far/f", NEW, COPY)
    queued = Queued(cache.root)
    inode = (cache.root / "vfs/far/f").stat().st_ino
    queued.note({"f": inode}, cache.root / "vfs/far")
    assert read(cache.root) == {"far/f": inode}
    (cache.root / ".waiting").unlink()
    queued.note({"f": inode}, cache.root / "vfs/far")

    assert read(cache.root) == {}
    Queued(tmp_path / "missing").note({}, tmp_path / "missing/vfs/far")
