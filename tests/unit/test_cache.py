"""
Every state in which a killed rclone may leave a cached file, and what becomes of it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from slipway import cache
from slipway.cache import COMPLETE, DROP, KEEP, RESCUE, Decision, Item, decide

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


STATES = {
    "sound and dirty": (10, metadata(10, [(0, 10)], dirty=True), True, KEEP),
    "sound, in two ranges": (10, metadata(10, [(5, 5), (0, 5)], dirty=True), True, KEEP),
    "sound and clean": (10, metadata(10, [(0, 10)], dirty=False), True, KEEP),
    "partly read, clean": (10, metadata(100, [(0, 10)], dirty=False), True, KEEP),
    "an empty new file": (0, metadata(0, None, dirty=True), False, KEEP),
    "written, not released": (10, metadata(0, None, dirty=True), False, COMPLETE),
    "overwritten, not released": (10, metadata(0, None, dirty=True), True, COMPLETE),
    "overwritten, remote away": (10, metadata(0, None, dirty=True), None, COMPLETE),
    "no ranges as a list": (10, metadata(0, [], dirty=True), True, COMPLETE),
    "edited in part": (100, metadata(100, [(0, 10)], dirty=True), True, RESCUE),
    "edited in the middle": (100, metadata(100, [(40, 10)], dirty=True), True, RESCUE),
    "edited, a hole": (100, metadata(100, [(0, 40), (50, 50)], dirty=True), True, RESCUE),
    "edited, gone from the remote": (100, metadata(100, [(0, 10)], dirty=True), False, RESCUE),
    "content shorter than it says": (5, metadata(10, [(0, 10)], dirty=True), True, RESCUE),
    "empty metadata, new": (10, b"", False, COMPLETE),
    "empty metadata, known": (10, b"", True, RESCUE),
    "empty metadata, remote away": (10, b"", None, RESCUE),
    "cut metadata, new": (10, metadata(10, [(0, 10)], dirty=True)[:20], False, COMPLETE),
    "cut metadata, known": (10, metadata(10, [(0, 10)], dirty=True)[:20], True, RESCUE),
    "no metadata, new": (10, None, False, COMPLETE),
    "no metadata, known": (10, None, True, RESCUE),
    "no metadata, no content": (0, None, True, DROP),
    "metadata alone": (None, metadata(10, [(0, 10)], dirty=False), True, DROP),
    "dirty metadata alone": (None, metadata(10, [(0, 10)], dirty=True), True, DROP),
    "an unknown key": (10, metadata(10, [(0, 10)], dirty=True, New=1), True, RESCUE),
    "a missing key": (10, b'{"Size": 10, "Dirty": true}', True, RESCUE),
    "another type": (10, metadata(10, [(0, 10)], dirty=True, Size="10"), True, RESCUE),
    "no object": (10, b"[1, 2]", True, RESCUE),
    "binary": (10, b"\xff\xfe\0", True, RESCUE),
}


@pytest.mark.parametrize("name", STATES)
def test_what_is_done_with_a_file(name: str) -> None:
    """
    Local bytes only: completed. Not provably whole: set aside. Sound: not touched.
    """
    size, known, has, action = STATES[name]

    assert decide(Item("far", "f", size, known), says(has)).action == action


class Cache:
    """
    A cache directory on disk.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.rescued = root.parent / "rescued"

    def put(self, path: str, content: bytes | None, known: bytes | None) -> None:
        """
        Lay a file as rclone does; `path` begins with the folder.
        """
        for top, data in (("vfs", content), ("vfsMeta", known)):
            if data is not None:
                file = self.root / top / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(data)

    def known(self, path: str) -> Any:
        """
        Return a file's metadata.
        """
        return json.loads((self.root / "vfsMeta" / path).read_bytes())

    def repair(self, *, has: bool | None = True) -> list[Decision]:
        """
        Repair it.
        """
        return cache.repair(self.root, rescued=self.rescued, remote_has=says(has))


@pytest.fixture
def lying(tmp_path: Path) -> Cache:
    """
    An empty cache.
    """
    return Cache(tmp_path / "cache")


ODD = ["a b", "ü", "-x", "line\nbreak", "deep/er/still", "%s", ".hidden", "{brace}"]


@pytest.mark.parametrize("name", ODD)
def test_a_completed_file_is_whole_for_rclone(lying: Cache, name: str) -> None:
    """
    Size and range are the content's, it is dirty, and the dates stay; whatever it is called.
    """
    lying.put(f"far/{name}", b"content", metadata(0, None, dirty=True))
    done = lying.repair()

    assert [(entry.path, entry.action) for entry in done] == [(name, COMPLETE)]
    assert lying.known(f"far/{name}") == {
        **DATES,
        "Size": 7,
        "Rs": [{"Pos": 0, "Size": 7}],
        "Dirty": True,
    }
    assert (lying.root / "vfs/far" / name).read_bytes() == b"content"
    assert lying.repair() == []


@pytest.mark.parametrize("name", ODD)
def test_a_doubtful_file_is_set_aside(lying: Cache, name: str) -> None:
    """
    Its bytes are where the user finds them, and rclone sees nothing of it.
    """
    lying.put(f"far/{name}", b"edit", metadata(100, [(0, 4)], dirty=True))
    lying.repair()

    assert (lying.rescued / name).read_bytes() == b"edit"
    assert list(cache.items(lying.root)) == []


def test_an_earlier_rescue_is_not_overwritten(lying: Cache) -> None:
    """
    Two edits of one file that were cut off: both are kept.
    """
    for content in (b"first", b"second"):
        lying.put("far/f", content, metadata(100, [(0, 4)], dirty=True))
        lying.repair()

    assert (lying.rescued / "f").read_bytes() == b"first"
    assert (lying.rescued / "f~2").read_bytes() == b"second"


def test_what_is_sound_is_not_touched(lying: Cache) -> None:
    """
    Not a byte and not a time.
    """
    lying.put("far/f", b"0123456789", metadata(10, [(0, 10)], dirty=True))
    file = lying.root / "vfsMeta/far/f"
    before = (file.read_bytes(), file.stat().st_mtime_ns)

    assert lying.repair() == []
    assert (file.read_bytes(), file.stat().st_mtime_ns) == before


def test_a_repair_that_was_killed_is_finished(lying: Cache) -> None:
    """
    Its draft is no file of the user's, and the next repair does what was left.
    """
    lying.put("far/f", b"content", metadata(0, None, dirty=True))
    (lying.root / "vfsMeta/far/.f.slipway").write_bytes(b"half")
    lying.repair()

    assert lying.known("far/f")["Size"] == 7
    assert [item.path for item in cache.items(lying.root)] == ["f"]


def test_what_an_earlier_configuration_left_is_adopted(lying: Cache) -> None:
    """
    A renewed token gives the folder another hash: what waits moves to where rclone looks now.
    """
    lying.put("far{old}/d/f", b"0123456789", metadata(10, [(0, 10)], dirty=True))
    lying.put("far{old}/read", b"0123456789", metadata(10, [(0, 10)], dirty=False))
    lying.put("other{x}/f", b"0123456789", metadata(10, [(0, 10)], dirty=True))
    cache.adopt(lying.root, current="far{new}", rescued=lying.rescued)

    assert (lying.root / "vfs/far{new}/d/f").read_bytes() == b"0123456789"
    assert lying.known("far{new}/d/f")["Dirty"] is True
    assert (lying.root / "vfs/far{old}/read").exists()
    assert (lying.root / "vfs/other{x}/f").exists()


def test_two_versions_that_wait_are_both_kept(lying: Cache) -> None:
    """
    The present configuration's is uploaded, the older one is set aside.
    """
    lying.put("far{old}/f", b"older.....", metadata(10, [(0, 10)], dirty=True))
    lying.put("far{new}/f", b"newer.....", metadata(10, [(0, 10)], dirty=True))
    (entry,) = cache.adopt(lying.root, current="far{new}", rescued=lying.rescued)

    assert entry.action == RESCUE
    assert (lying.root / "vfs/far{new}/f").read_bytes() == b"newer....."
    assert (lying.rescued / "f").read_bytes() == b"older....."


def test_a_cache_that_is_not_there_is_in_order(lying: Cache) -> None:
    """
    The first mount of a remote.
    """
    assert lying.repair() == []
    assert cache.folders(lying.root) == set()


def test_the_remote_is_asked_only_where_it_matters(lying: Cache) -> None:
    """
    Ten thousand sound files cost no question.
    """
    for number in range(10_000):
        lying.put(f"far/{number}", b"x", metadata(1, [(0, 1)], dirty=False))
    asked: list[str] = []

    def remote_has(_folder: str, path: str) -> bool:
        asked.append(path)
        return True

    assert cache.repair(lying.root, rescued=lying.rescued, remote_has=remote_has) == []
    assert asked == []
