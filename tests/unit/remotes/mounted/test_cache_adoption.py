"""
What waits in one cache moves to another, or to where rclone looks for it now.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest

from slipway.remotes.mounted import cache_files
from slipway.remotes.mounted.cache_repair import RESCUE

from .conftest import Cache, metadata


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
