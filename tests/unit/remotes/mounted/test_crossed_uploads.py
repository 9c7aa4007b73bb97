"""
Files that are renamed while they are uploaded: what the remote has, and is brought to have.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from slipway.remotes.mounted.crossed_uploads import KEPT, CrossedUploads

from .conftest import Cache, metadata

THEN = "2026-11-27T01:00:00.5Z"
NOW = "2026-11-27T02:00:00.123456789Z"
LATER = "2026-11-27T03:00:00Z"
OLD, NEW, OTHERS = (3, THEN), (5, NOW), (5, LATER)
A, B = "d/a", "d/b"


class Remote:
    """
    What a remote has: sizes and times of its files; asked and told as rclone does it.
    """

    def __init__(self, cache: Cache, has: dict[str, tuple[int, str]]) -> None:
        self.cache = cache
        self.has = dict(has)
        self.asked: list[str] = []
        self.is_down = False
        self.keeps_times = True

    def ask(self, command: str, **given: Any) -> dict[str, Any]:
        """
        Answer as rclone 1.75.2 does.
        """
        self.asked.append(command)
        if self.is_down:
            raise TimeoutError
        is_there = given.get("dstRemote") in self.has and not self.keeps_times
        if is_there and not given.get("_config", {}).get("IgnoreTimes"):  # of one size, as here
            if command == "operations/movefile":
                del self.has[given["srcRemote"]]
            return {"jobid": 7}
        if command == "operations/stat":
            found = self.has.get(given["remote"])
            item = found and {"Size": found[0], "ModTime": found[1]}
            return {"item": item}
        if command == "operations/deletefile":
            del self.has[given["remote"]]
        elif command == "operations/movefile":
            self.has[given["dstRemote"]] = self.has.pop(given["srcRemote"])
        elif command == "operations/copyfile":
            size = Path(given["srcFs"], given["srcRemote"]).stat().st_size
            self.has[given["dstRemote"]] = (size, NOW)
            return {"jobid": 7}
        return {"finished": True} if command == "job/status" else {}


class Mount:
    """
    A mount's cache, its remote, and what follows the uploads.
    """

    def __init__(self, root: Path, has: dict[str, tuple[int, str]]) -> None:
        self.cache = Cache(root / "cache")
        self.root, self.metadata = (self.cache.root / top / "far" for top in ("vfs", "vfsMeta"))
        self.remote = Remote(self.cache, has)
        self.said: list[str] = []
        self.crossed = CrossedUploads(held=self.cache.root / ".held", say=self.said.append)
        self.now = 100.0

    def write(self, path: str, content: bytes = b"12345") -> None:
        """
        Have a file wait.
        """
        known = metadata(len(content), [(0, len(content))], dirty=True, ModTime=NOW)
        self.cache.put(f"far/{path}", content, known)

    def rename(self, path: str, to: str) -> None:
        """
        As rclone does it in its cache.
        """
        for top in (self.root, self.metadata):
            (top / to).parent.mkdir(parents=True, exist_ok=True)
            (top / path).rename(top / to)

    def upload(self, path: str) -> None:
        """
        Have a file count as uploaded.
        """
        size = (self.root / path).stat().st_size
        known = metadata(size, [(0, size)], dirty=False, ModTime=NOW)
        (self.metadata / path).write_bytes(known)

    def look(self, *waiting: str, soon: float = math.inf, seconds: float = 1.0) -> None:
        """
        Look at rclone's queue.
        """
        self.now += seconds
        queue = [{"name": path, "expiry": 3.0, "uploading": False} for path in waiting]
        self.crossed.look(queue, root=self.root, now=self.now, soon=soon)

    def settle(self) -> None:
        """
        Put right what can be.
        """
        self.crossed.settle(self.remote.ask, name="far", root=self.root, metadata=self.metadata)


class Row(NamedTuple):
    """
    What the remote has when the upload of A, by then B, counts as done, and what it has then.
    """

    has: dict[str, tuple[int, str]]
    then: dict[str, tuple[int, str]]
    said: int = 1


ROWS = {
    "the old content was moved, the new one deleted with the former name": Row({B: OLD}, {B: NEW}),
    "the new content has the former name": Row({A: NEW}, {B: NEW}),
    "the new content has the former name, the old one the new": Row({A: NEW, B: OLD}, {B: NEW}),
    "a cancelled upload had arrived": Row({A: NEW, B: NEW}, {B: NEW}),
    "neither name has anything": Row({}, {B: NEW}),
    "cut off under its name": Row({B: (2, NOW)}, {B: NEW}),
    "all is well": Row({B: NEW}, {B: NEW}, 0),
    "of a remote that keeps whole seconds": Row(
        {B: (5, "2026-11-27T02:00:00Z")}, {B: (5, "2026-11-27T02:00:00Z")}, 0
    ),
    "of a remote in another zone": Row(
        {B: (5, "2026-11-27T03:00:00.123456789+01:00")},
        {B: (5, "2026-11-27T03:00:00.123456789+01:00")},
        0,
    ),
    "somebody has written it since": Row({B: OTHERS}, {B: OTHERS}, 0),
    "the former name has somebody's older file": Row({A: OLD, B: NEW}, {A: OLD, B: NEW}, 0),
    "the former name has somebody's newer file": Row({A: OTHERS, B: NEW}, {A: OTHERS, B: NEW}, 0),
    "both names have older files": Row({A: OLD, B: OLD}, {A: OLD, B: NEW}),
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS.keys())
def test_a_rename_that_crosses_an_upload_is_put_right(tmp_path: Path, row: Row) -> None:
    """
    Whatever was done first; what is not this upload is left alone.
    """
    mount = Mount(tmp_path, row.has)
    mount.write(A)
    mount.look(A)
    mount.upload(A)
    mount.rename(A, B)
    mount.look()
    for _ in range(3):
        mount.settle()

    assert mount.remote.has == row.then
    assert len(mount.said) == row.said
    assert mount.crossed.doubtful == []
    assert [path for path in (mount.cache.root / ".held").rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("has", [{B: OLD}, {A: NEW, B: OLD}])
def test_an_old_content_of_the_same_size_is_replaced(
    tmp_path: Path, has: dict[str, tuple[int, str]]
) -> None:
    """
    Also where rclone could not tell it from the new one: the remote keeps no times.
    """
    mount = Mount(tmp_path, has)
    mount.remote.keeps_times = False
    mount.write(A)
    mount.look(A)
    mount.rename(A, B)
    mount.upload(B)
    mount.look()
    for _ in range(3):
        mount.settle()
        mount.look()

    assert mount.remote.has == {B: NEW}


def rename_directory(mount: Mount) -> None:
    """Its files are renamed with it."""
    mount.upload("5/in")
    mount.rename("5/in", "5.away/in")
    mount.look()


def rename_twice(mount: Mount) -> None:
    """Under each name it may have been uploaded."""
    mount.rename("5/in", "x")
    mount.look("x")
    mount.upload("x")
    mount.rename("x", "5.away/in")
    mount.look()


def rename_after_a_while(mount: Mount) -> None:
    """The upload had ended long before the rename did."""
    mount.upload("5/in")
    mount.look()
    mount.look(seconds=KEPT - 10)
    mount.rename("5/in", "5.away/in")
    mount.look()


def rename_and_wait_again(mount: Mount) -> None:
    """The upload was cancelled, though it had arrived, and begins anew."""
    mount.rename("5/in", "5.away/in")
    mount.look("5.away/in")
    mount.upload("5.away/in")
    mount.remote.has["5.away/in"] = NEW
    mount.look()


@pytest.mark.parametrize(
    "rename", [rename_directory, rename_twice, rename_after_a_while, rename_and_wait_again]
)
@pytest.mark.parametrize("stray", ["5/in", "x", ""])
def test_it_is_followed_through_its_names(
    tmp_path: Path, rename: Callable[[Mount], None], stray: str
) -> None:
    """
    A copy of it is taken away only under a name that it had.
    """
    mount = Mount(tmp_path, {stray: NEW} if stray else {})
    mount.write("5/in")
    mount.look("5/in")
    rename(mount)
    for _ in range(3):
        mount.settle()
    had = {"5/in", "x"} if rename is rename_twice else {"5/in"}
    expected = {"5.away/in": NEW}

    assert mount.remote.has == (expected if stray in {*had, ""} else {**expected, stray: NEW})


def test_what_no_rename_has_crossed_is_not_asked_for(tmp_path: Path) -> None:
    """
    A file that is uploaded, one that is renamed long before that, one that is deleted: the remote
    is asked for none of them, and all are forgotten in time.
    """
    mount = Mount(tmp_path, {})
    for path in ("plain", "draft", "deleted"):
        mount.write(path)
    mount.look("plain", "draft", "deleted", soon=1.0)
    mount.rename("draft", "final")
    mount.look("plain", "final", "deleted", soon=1.0)
    for path in ("plain", "final"):
        mount.upload(path)
    (mount.root / "deleted").unlink()
    mount.look()
    mount.settle()
    mount.look(seconds=KEPT + 1)

    assert mount.remote.asked == []
    assert mount.crossed.files == {}


def test_a_name_that_is_used_again_is_left_alone(tmp_path: Path) -> None:
    """
    Another file waits, or lies in the cache, under the former name.
    """
    mount = Mount(tmp_path, {A: NEW, B: NEW})
    mount.write(A)
    mount.look(A)
    mount.upload(A)
    mount.rename(A, B)
    mount.write(A, b"another")
    mount.look(A)
    mount.settle()

    assert mount.remote.has == {A: NEW, B: NEW}
    assert [file.path for file in mount.crossed.files.values() if file.waits] == [A]


def test_what_is_changed_again_is_rclones(tmp_path: Path) -> None:
    """
    It is uploaded anyway.
    """
    mount = Mount(tmp_path, {B: OLD})
    mount.write(A)
    mount.look(A)
    mount.upload(A)
    mount.rename(A, B)
    mount.look()
    mount.write(B, b"again")
    mount.settle()

    assert mount.remote.has == {B: OLD}
    assert mount.said == []


def test_a_remote_that_is_down_is_asked_again(tmp_path: Path) -> None:
    """
    The content is kept when rclone ends first: whatever rclone does to its cache then.
    """
    mount = Mount(tmp_path, {B: OLD})
    mount.write(A)
    mount.look(A)
    mount.upload(A)
    mount.rename(A, B)
    mount.look()
    mount.remote.is_down = True
    for _ in range(2):
        with pytest.raises(TimeoutError):
            mount.settle()
    mount.crossed.hold_doubtful(root=mount.root, metadata=mount.metadata)
    (mount.root / B).unlink()

    assert (mount.cache.root / ".held" / B).read_bytes() == b"12345"
    assert mount.crossed.files == {}


def test_content_that_is_being_brought_is_kept(tmp_path: Path) -> None:
    """
    Somebody opens the file, and rclone drops what its cache has: the upload goes on.
    """
    mount = Mount(tmp_path, {B: OLD})
    mount.write(A)
    mount.look(A)
    mount.upload(A)
    mount.rename(A, B)
    mount.look()
    mount.settle()
    for top in (mount.root, mount.metadata):
        (top / B).unlink()

    assert (mount.cache.root / ".held" / B).read_bytes() == b"12345"
