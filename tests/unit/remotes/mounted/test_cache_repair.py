"""
Every state in which a killed rclone may leave a cached file, and what becomes of it.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from slipway.remotes.mounted import cache_files, cache_repair
from slipway.remotes.mounted.cache_files import Item
from slipway.remotes.mounted.cache_repair import COMPLETE, DROP, KEEP, RESCUE, Decision, decide

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
    "partly read, clean": (100, metadata(100, [(0, 10)], dirty=False), True, KEEP),
    "opened to be read, clean": (100, metadata(100, None, dirty=False), True, KEEP),
    "replaced by a longer one": (10, metadata(9, [(0, 9)], dirty=False), True, RESCUE),
    "replaced by a shorter one": (10, metadata(100, [(0, 10)], dirty=False), True, RESCUE),
    "emptied": (0, metadata(100, [(0, 10)], dirty=False), True, RESCUE),
    "an empty new file": (0, metadata(0, None, dirty=True), False, KEEP),
    "written, not released": (10, metadata(0, None, dirty=True), False, COMPLETE),
    "overwritten, not released": (10, metadata(0, None, dirty=True), True, COMPLETE),
    "overwritten, remote away": (10, metadata(0, None, dirty=True), None, COMPLETE),
    "no ranges as a list": (10, metadata(0, [], dirty=True), True, COMPLETE),
    "edited in part": (100, metadata(100, [(0, 10)], dirty=True), True, RESCUE),
    "edited in the middle": (100, metadata(100, [(40, 10)], dirty=True), True, RESCUE),
    "edited, a hole": (100, metadata(100, [(0, 40), (50, 50)], dirty=True), True, RESCUE),
    "edited, gone from the remote": (100, metadata(100, [(0, 10)], dirty=True), False, RESCUE),
    "cut, known": (5, metadata(10, [(0, 10)], dirty=True), True, RESCUE),
    "cut, remote away": (5, metadata(10, [(0, 10)], dirty=True), None, RESCUE),
    "cut, new": (5, metadata(10, [(0, 10)], dirty=True), False, COMPLETE),
    "cut to nothing, known": (0, metadata(10, [(0, 10)], dirty=True), True, RESCUE),
    "grew after its first close": (15, metadata(10, [(0, 10)], dirty=True), True, COMPLETE),
    "grew, remote away": (15, metadata(10, [(0, 10)], dirty=True), None, COMPLETE),
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


@pytest.mark.parametrize(("written", "action"), [(b"x", RESCUE), (b"x" * 1_000_000, COMPLETE)])
def test_a_copy_with_holes_is_not_a_new_file(lying: Cache, written: bytes, action: str) -> None:
    """
    A file that was read in part and is gone from the remote: not uploaded with zeros in it.
    """
    lying.put("far/f", written, b"")
    os.truncate(lying.root / "vfs/far/f", 1_000_000)
    (done,) = lying.repair(has=False)

    assert (done.action, "nobody has written" in done.reason) == (action, action == RESCUE)


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


def test_an_empty_new_file_is_completed_as_rclone_writes_it(lying: Cache) -> None:
    """
    Its creation is uploaded like any other.
    """
    lying.put("far/f", b"", b"")
    lying.repair(has=False)

    known = lying.known("far/f")
    assert (known["Size"], known["Rs"], known["Dirty"]) == (0, None, True)
    assert lying.repair() == []


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
    lying.repair()

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


def test_what_an_earlier_configuration_left_is_adopted(lying: Cache) -> None:
    """
    A renewed token gives the folder another hash: what waits moves to where rclone looks now.
    """
    lying.put("far{old}/d/f", b"0123456789", metadata(10, [(0, 10)], dirty=True))
    lying.put("far{old}/read", b"0123456789", metadata(10, [(0, 10)], dirty=False))
    lying.adopt("far{new}")

    assert (lying.root / "vfs/far{new}/d/f").read_bytes() == b"0123456789"
    assert lying.known("far{new}/d/f")["Dirty"] is True
    assert (lying.root / "vfs/far{old}/read").exists()


def test_two_versions_that_wait_are_both_kept(lying: Cache) -> None:
    """
    The present configuration's is uploaded, the older one is set aside.
    """
    lying.put("far{old}/f", b"older.....", metadata(10, [(0, 10)], dirty=True))
    lying.put("far{new}/f", b"newer.....", metadata(10, [(0, 10)], dirty=True))
    (entry,) = lying.adopt("far{new}")

    assert entry.action == RESCUE
    assert (lying.root / "vfs/far{new}/f").read_bytes() == b"newer....."
    assert (lying.rescued / "f").read_bytes() == b"older....."


def test_the_remotes_own_copy_gives_way_to_what_waits(lying: Cache) -> None:
    """
    A file that was read under the new configuration is only a copy: the pending one replaces it.
    """
    pending = metadata(10, [(0, 10)], dirty=True)
    lying.put("far{old}/f", b"mine......", pending)
    lying.put("far{new}/f", b"remote's", metadata(8, [(0, 8)], dirty=False))
    lying.adopt("far{new}")

    assert (lying.root / "vfs/far{new}/f").read_bytes() == b"mine......"
    assert (lying.root / "vfsMeta/far{new}/f").read_bytes() == pending
    assert [item.path for item in cache_files.items(lying.root)] == ["f"]


def test_what_can_not_be_adopted_is_set_aside(lying: Cache) -> None:
    """
    A directory where the other version has a file, and the reverse.
    """
    pending = metadata(10, [(0, 10)], dirty=True)
    lying.put("far{old}/a", b"0123456789", pending)
    lying.put("far{old}/b/c", b"9876543210", pending)
    lying.put("far{new}/a/x", b"0123456789", metadata(10, [(0, 10)], dirty=False))
    lying.put("far{new}/b", b"0123456789", metadata(10, [(0, 10)], dirty=False))
    lying.adopt("far{new}")

    assert (lying.rescued / "a").read_bytes() == b"0123456789"
    assert (lying.rescued / "b/c").read_bytes() == b"9876543210"
    assert lying.waiting() == set()


class Killed(BaseException):
    """
    SIGKILL, as a test can have it.
    """


STEPS = ["rename", "unlink", "mkdir"]


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("moment", range(6))
def test_an_adoption_that_is_killed_loses_nothing(
    lying: Cache, monkeypatch: pytest.MonkeyPatch, name: str, moment: int
) -> None:
    """
    Before any of its steps: after the next repair and adoption, the pending file is in the new
    folder, or set aside.
    """
    pending = metadata(10, [(0, 10)], dirty=True)
    lying.put("far{old}/d/f", b"mine......", pending)
    lying.put("far{new}/d/f", b"remote's", metadata(8, [(0, 8)], dirty=False))
    real = getattr(Path, name)
    calls = iter(range(100))

    def step(path: Path, *words: Any, **options: Any) -> Any:
        if next(calls) == moment:
            raise Killed
        return real(path, *words, **options)

    monkeypatch.setattr(Path, name, step)
    with contextlib.suppress(Killed):
        lying.adopt("far{new}")
    monkeypatch.undo()
    lying.adopt("far{new}")

    assert (lying.root / "vfs/far{new}/d/f").read_bytes() == b"mine......"
    assert lying.known("far{new}/d/f")["Dirty"] is True
    assert lying.waiting() == {"far{new}"}


OTHER_PLACES = {
    "another remote": ("sftp/d/f", ("dav", "")),
    "another directory of it": ("sftp/p/f", ("sftp", "q")),
    "a directory whose name begins so": ("sftp/qq/f", ("sftp", "q")),
    "another directory, and another hash": ("sftp{old}/p/f", ("sftp{new}", "q")),
}


@pytest.mark.parametrize("name", OTHER_PLACES)
def test_what_was_written_for_another_place_is_not_uploaded_to_this_one(
    lying: Cache, name: str
) -> None:
    """
    An alias that has another target now: set aside, and the reason says where it belonged.
    """
    path, home = OTHER_PLACES[name]
    lying.put(path, b"0123456789", metadata(10, [(0, 10)], dirty=True))
    (done,) = lying.adopt(*home)
    folder, _, below = path.partition("/")

    assert done.action == RESCUE
    assert f"another place ({folder}:)" in done.reason
    assert (lying.rescued / below).read_bytes() == b"0123456789"
    assert list(cache_files.items(lying.root)) == []


def test_what_this_place_still_shows_is_uploaded(lying: Cache) -> None:
    """
    A remote that shows a directory less or more than before: a file of both is the same file.
    """
    lying.put("sftp/q/f", b"0123456789", metadata(10, [(0, 10)], dirty=True))

    assert lying.adopt("sftp", "q") == []
    assert lying.adopt("sftp", "") == []
    assert lying.waiting() == {"sftp"}


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
    assert len(lying.repaired().waiting) == 2
    assert cache_files.waiting(lying.root) == 2


def test_another_containers_cache_is_adopted(lying: Cache, tmp_path: Path) -> None:
    """
    What a container left that is gone for good moves to the cache that is mounted now.
    """
    own = Cache(tmp_path / "own")
    own.put("far/here", b"0123456789", metadata(10, [(0, 10)], dirty=True))
    lying.put("far/d/f", b"0123456789", metadata(10, [(0, 10)], dirty=True))
    lying.adopt("far", target=own)

    assert lying.waiting() == set()
    assert {item.path for item in cache_files.items(own.root)} == {"here", "d/f"}
    assert own.known("far/d/f")["Dirty"] is True


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
