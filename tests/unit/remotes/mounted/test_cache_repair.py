"""
Every state in which a killed rclone may leave a cached file, and what becomes of it.
"""

from __future__ import annotations

import os

import pytest

from slipway.remotes.mounted import cache_files, cache_repair
from slipway.remotes.mounted.cache_files import Item
from slipway.remotes.mounted.cache_repair import COMPLETE, DROP, KEEP, RESCUE, decide

from .conftest import CLOSED, DATES, Cache, metadata, says

# Empty, of a file that the remote has
TAKEN = metadata(0, None, dirty=True, Fingerprint="10,2026-11-24 12:00:00 +0000 UTC")
STATES = {
    "sound and dirty": (10, metadata(10, [(0, 10)], dirty=True), True, KEEP),
    "sound, in two ranges": (10, metadata(10, [(5, 5), (0, 5)], dirty=True), True, KEEP),
    "sound and clean": (10, metadata(10, [(0, 10)], dirty=False), True, KEEP),
    "partly read, clean": (100, metadata(100, [(0, 10)], dirty=False), True, KEEP),
    "opened to be read, clean": (100, metadata(100, None, dirty=False), True, KEEP),
    "replaced by a longer one": (10, metadata(9, [(0, 9)], dirty=False), True, RESCUE),
    "replaced by a shorter one": (10, metadata(100, [(0, 10)], dirty=False), True, RESCUE),
    "emptied": (0, metadata(100, [(0, 10)], dirty=False), True, RESCUE),
    "an empty new file": (0, metadata(0, None, dirty=True), False, KEEP),
    "written, not released": (10, metadata(0, None, dirty=True), False, COMPLETE),
    "overwritten, not released": (10, metadata(0, None, dirty=True), True, RESCUE),
    "overwritten, remote away": (10, metadata(0, None, dirty=True), None, RESCUE),
    "overwritten with less than there was": (3, metadata(0, None, dirty=True), True, RESCUE),
    "opened to be overwritten": (0, TAKEN, True, RESCUE),
    "opened to be overwritten, remote away": (0, TAKEN, None, RESCUE),
    "emptied on purpose, known": (0, TAKEN, True, RESCUE),
    "empty, new, its upload has begun": (0, metadata(0, None, dirty=True), True, KEEP),
    "empty, new, remote away": (0, metadata(0, None, dirty=True), None, KEEP),
    "overwritten and released": (10, metadata(10, [(0, 10)], dirty=True), True, KEEP),
    "no ranges as a list": (10, metadata(0, [], dirty=True), False, COMPLETE),
    "edited in part": (100, metadata(100, [(0, 10)], dirty=True), True, RESCUE),
    "edited in the middle": (100, metadata(100, [(40, 10)], dirty=True), True, RESCUE),
    "edited, a hole": (100, metadata(100, [(0, 40), (50, 50)], dirty=True), True, RESCUE),
    "edited, gone from the remote": (100, metadata(100, [(0, 10)], dirty=True), False, RESCUE),
    "cut, known": (5, metadata(10, [(0, 10)], dirty=True), True, RESCUE),
    "cut, remote away": (5, metadata(10, [(0, 10)], dirty=True), None, RESCUE),
    "cut, new": (5, metadata(10, [(0, 10)], dirty=True), False, COMPLETE),
    "cut to nothing, known": (0, metadata(10, [(0, 10)], dirty=True), True, RESCUE),
    "grew after its first close": (15, metadata(10, [(0, 10)], dirty=True), False, COMPLETE),
    "grew, known": (15, metadata(10, [(0, 10)], dirty=True), True, RESCUE),
    "grew, remote away": (15, metadata(10, [(0, 10)], dirty=True), None, RESCUE),
    "grew, partly known": (15, metadata(10, [(5, 5)], dirty=True), True, RESCUE),
    "a copy that grew": (15, metadata(10, [(0, 10)], dirty=False), True, RESCUE),
    "empty metadata, new": (10, b"", False, COMPLETE),
    "empty metadata, known": (10, b"", True, RESCUE),
    "empty metadata, remote away": (10, b"", None, RESCUE),
    "cut metadata, new": (10, metadata(10, [(0, 10)], dirty=True)[:20], False, COMPLETE),
    "cut metadata, known": (10, metadata(10, [(0, 10)], dirty=True)[:20], True, RESCUE),
    "no metadata, new": (10, None, False, COMPLETE),
    "no metadata, known": (10, None, True, RESCUE),
    "empty, no metadata, new": (0, None, False, COMPLETE),
    "empty, no metadata, known": (0, None, True, DROP),
    "empty, no metadata, remote away": (0, None, None, RESCUE),
    "empty, empty metadata, new": (0, b"", False, COMPLETE),
    "empty, empty metadata, known": (0, b"", True, DROP),
    "metadata alone": (None, metadata(10, [(0, 10)], dirty=False), True, DROP),
    "dirty metadata alone": (None, metadata(10, [(0, 10)], dirty=True), True, DROP),
    "an unknown key": (10, metadata(10, [(0, 10)], dirty=True, New=1), True, RESCUE),
    "an unknown key, new": (10, metadata(10, [(0, 10)], dirty=True, New=1), False, RESCUE),
    "an unknown key, not released": (10, metadata(0, None, dirty=True, New=1), False, RESCUE),
    "a missing key": (10, b'{"Size": 10, "Dirty": true}', False, RESCUE),
    "another type": (10, metadata(10, [(0, 10)], dirty=True, Size="10"), False, RESCUE),
    "no object": (10, b"[1, 2]", False, RESCUE),
    "binary": (10, b"\xff\xfe\0", True, RESCUE),
}


@pytest.mark.parametrize("name", STATES)
def test_what_is_done_with_a_file(name: str) -> None:
    """
    Local bytes only: completed. Not provably whole: set aside. Sound: not touched.
    """
    size, known, has, action = STATES[name]

    assert decide(Item("far", "f", size, known), says(has)).action == action


OPEN = {  # not closed as the metadata says: whether it waits, whether the remote has it
    "edited in place": (True, True, RESCUE),
    "edited in place, remote away": (True, None, RESCUE),
    "edited in place, new": (True, False, KEEP),
    "a copy that is being read": (False, True, KEEP),
}


def test_an_empty_file_that_was_not_closed_replaces_nothing() -> None:
    """
    It may have been opened a moment ago, to be written.
    """
    item = Item("far", "f", 0, metadata(0, None, dirty=True), is_closed=False)

    assert decide(item, says(True)).action == RESCUE
    assert decide(item, says(False)).action == KEEP


@pytest.mark.parametrize("name", OPEN)
def test_what_looks_whole_and_was_not_closed(name: str) -> None:
    """
    A good copy of the remote's is not replaced by it.
    """
    dirty, has, action = OPEN[name]
    item = Item("far", "f", 10, metadata(10, [(0, 10)], dirty=dirty), is_closed=False)

    assert decide(item, says(has)).action == action


WROTE = {  # when the content was written, and what rclone wrote of that
    "to the nanosecond": (1_795_521_600_123_456_789, "2026-11-24T12:00:00.123456789Z", True),
    "elsewhere": (1_795_521_600_123_456_789, "2026-11-24T14:00:00.123456789+02:00", True),
    "without a fraction": (1_795_521_600_000_000_000, "2026-11-24T12:00:00Z", True),
    "a short fraction": (1_795_521_600_500_000_000, "2026-11-24T12:00:00.5Z", True),
    "a volume that keeps seconds": (1_795_521_600_000_000_000, "2026-11-24T12:00:00.9Z", True),
    "one that keeps microseconds": (
        1_795_521_600_123_456_000,
        "2026-11-24T12:00:00.123456789Z",
        True,
    ),
    "one that keeps 100 ns": (1_795_521_600_123_456_700, "2026-11-24T12:00:00.123456789Z", True),
    "before 1970": (-500_000_000, "1969-12-31T23:59:59.5Z", True),
    "before it was noted": (1_795_521_600_123_000_001, "2026-11-24T12:00:00.123456789Z", False),
    "after it was noted": (1_795_521_600_123_456_790, "2026-11-24T12:00:00.123456789Z", False),
    "a second later": (1_795_521_601_000_000_000, "2026-11-24T12:00:00.9Z", False),
    "no date": (1_795_521_600_000_000_000, "2026-13-24T12:00:00Z", False),
    "no time": (1_795_521_600_000_000_000, "yesterday", False),
    "nothing": (1_795_521_600_000_000_000, "", False),
    "a long fraction": (1_795_521_600_000_000_000, "2026-11-24T12:00:00.0000000001Z", False),
}


@pytest.mark.parametrize(("at", "noted", "closed"), WROTE.values(), ids=WROTE)
def test_a_pending_file_is_closed_when_its_content_has_the_time_that_rclone_noted(
    lying: Cache, at: int, noted: str, *, closed: bool
) -> None:
    """
    Written to since then: a kill in the middle of an edit, which nothing else tells of.
    """
    lying.put("far/f", b"0123456789", metadata(10, [(0, 10)], dirty=True, ModTime=noted))
    os.utime(lying.root / "vfs/far/f", ns=(at, at))

    assert [done.action for done in lying.repair()] == ([] if closed else [RESCUE])


def test_what_was_completed_counts_as_closed(lying: Cache) -> None:
    """
    Killed again in its upload, of which the remote has a part by then.
    """
    lying.put("far/f", b"content", metadata(0, None, dirty=True), written=CLOSED + 5.123456789)
    lying.repair(has=False)

    assert lying.repair(has=True) == []


@pytest.mark.parametrize(("written", "action"), [(b"x", RESCUE), (b"x" * 1_000_000, COMPLETE)])
def test_a_copy_with_holes_is_not_a_new_file(lying: Cache, written: bytes, action: str) -> None:
    """
    A file that was read in part and is gone from the remote: not uploaded with zeros in it.
    """
    lying.put("far/f", written, b"")
    os.truncate(lying.root / "vfs/far/f", 1_000_000)
    (done,) = lying.repair(has=False)

    assert (done.action, "nobody has written" in done.reason) == (action, action == RESCUE)


ODD = [
    "a b", "ü", "-x", "line\nbreak", "deep/er/still", "%s", ".hidden", "{brace}",
    "notes.slipway", ".f.slipway", ".draft", "a:b", "\udcff",
]  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_a_completed_file_is_whole_for_rclone(lying: Cache, name: str) -> None:
    """
    Size and range are the content's, it is dirty, and the dates stay; whatever it is called.
    """
    lying.put(f"far/{name}", b"content", metadata(0, None, dirty=True))
    done = lying.repair(has=False)

    assert [(entry.path, entry.action) for entry in done] == [(name, COMPLETE)]
    assert lying.known(f"far/{name}") == {
        **DATES,
        "Size": 7,
        "Rs": [{"Pos": 0, "Size": 7}],
        "Dirty": True,
    }
    assert (lying.root / "vfs/far" / name).read_bytes() == b"content"
    assert lying.repair() == []


def test_an_empty_new_file_is_completed_as_rclone_writes_it(lying: Cache) -> None:
    """
    Its creation is uploaded like any other.
    """
    lying.put("far/f", b"", b"")
    lying.repair(has=False)

    known = lying.known("far/f")
    assert (known["Size"], known["Rs"], known["Dirty"]) == (0, None, True)
    assert lying.repair(has=False) == []


@pytest.mark.parametrize("name", ODD)
def test_a_doubtful_file_is_set_aside(lying: Cache, name: str) -> None:
    """
    Its bytes are where the user finds them, and rclone sees nothing of it.
    """
    lying.put(f"far/{name}", b"edit", metadata(100, [(0, 4)], dirty=True))
    lying.repair()

    assert (lying.rescued / name).read_bytes() == b"edit"
    assert list(cache_files.items(lying.root)) == []


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
    (lying.root / ".draft").write_bytes(b"half")
    lying.repair(has=False)

    assert lying.known("far/f")["Size"] == 7
    assert [item.path for item in cache_files.items(lying.root)] == ["f"]


def test_a_file_in_a_directorys_place_stops_nothing(lying: Cache) -> None:
    """
    Killed between a directory's removal and a file of its name, or the reverse: what has content is
    kept, what is only known of is dropped.
    """
    whole = metadata(10, [(0, 10)], dirty=True)
    lying.put("far/a", b"now a file", None)
    lying.put("far/a/b", None, whole)
    lying.put("far/c", None, whole)
    lying.root.joinpath("vfs/far/c").mkdir()
    lying.root.joinpath("vfs/far/c/d").write_bytes(b"a directory")
    done = lying.repair(has=False)

    assert {(entry.path, entry.action) for entry in done} == {
        ("a", COMPLETE), ("a/b", DROP), ("c", DROP), ("c/d", COMPLETE),
    }  # fmt: skip
    assert lying.known("far/a")["Size"] == 10
    assert lying.known("far/c/d")["Size"] == 11
    assert lying.repair(has=False) == []


def test_what_is_no_plain_file_is_left_alone(lying: Cache) -> None:
    """
    It makes no links and no pipes in its cache; reading a pipe would wait for ever.
    """
    lying.put("far/f", b"x", metadata(1, [(0, 1)], dirty=False))
    os.mkfifo(lying.root / "vfs/far/pipe")
    os.mkfifo(lying.root / "vfsMeta/far/pipe")
    (lying.root / "vfs/far/link").symlink_to("/etc/passwd")

    assert lying.repair() == []
    assert (lying.root / "vfs/far/link").is_symlink()


def test_what_waits_is_counted(lying: Cache) -> None:
    """
    Also in a cache that nobody repairs any more, where the doubtful may wait as well.
    """
    lying.put("far/waits", b"x", metadata(1, [(0, 1)], dirty=True))
    lying.put("far/not released", b"x", metadata(0, None, dirty=True))
    lying.put("far/doubtful", b"x", b"")
    lying.put("far/read", b"x", metadata(1, [(0, 1)], dirty=False))
    lying.put("far/known only", None, metadata(1, [(0, 1)], dirty=True))

    assert cache_files.waiting(lying.root) == 3
    repaired = cache_repair.repair(
        lying.root, rescued=lying.rescued, remote_has=lambda _, path: path == "doubtful"
    )
    assert len(repaired.waiting) == 2
    assert cache_files.waiting(lying.root) == 2


def test_a_cache_that_is_not_there_is_in_order(lying: Cache) -> None:
    """
    The first mount of a remote.
    """
    assert lying.repair() == []
    assert cache_files.folders(lying.root) == set()


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

    assert cache_repair.repair(lying.root, rescued=lying.rescued, remote_has=remote_has).done == []
    assert asked == []
