"""
A remote's write caches, put in order: what is done, what is said of it, and what waits.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from slipway.contract import paths
from slipway.remotes.mounted import cache_claims
from slipway.remotes.mounted.remote_files import Folder
from slipway.remotes.mounted.write_cache import WriteCache

from .conftest import Cache, metadata

WHOLE = metadata(10, [(0, 10)], dirty=True)


class Far:
    """
    A remote's caches, and an rclone that knows the remote as `far{new}:` and says it has no file.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.own, self.other = (Cache(root / ".cache" / name) for name in ("far", "far~2"))
        program = root / "rclone"
        program.write_text(
            "#!/bin/sh\n"
            f"echo $1 >> {root}/asked\n"
            'case $1 in rc) echo \'{"Name": "far{new}", "Root": ""}\' ;; *) exit 3 ;; esac\n'
        )
        program.chmod(0o755)
        self.cache = WriteCache("far", root, {}, owner=(os.getuid(), os.getgid()))

    def asked(self) -> list[str]:
        """
        Return what rclone was asked.
        """
        file = self.root / "asked"
        return file.read_text().split() if file.exists() else []


@pytest.fixture
def far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Far:
    """
    One without any file.
    """
    monkeypatch.setattr(paths, "RCLONE", str(tmp_path / "rclone"))
    return Far(tmp_path)


def test_what_is_done_is_said(far: Far, capfd: pytest.CaptureFixture[str]) -> None:
    """
    For each file, with what becomes of it.
    """
    far.own.put("far{new}/new", b"content", metadata(0, None, dirty=True))
    far.own.put("far{new}/part", b"0123", metadata(10, [(0, 4)], dirty=True))
    far.own.put("far{new}/gone", None, WHOLE)
    far.own.put("far{new}/sound", b"0123456789", WHOLE)
    far.cache.put_in_order()

    aside, reason = far.root / ".rescued/far", "was being changed: only parts of it are here"
    assert sorted(capfd.readouterr().err.splitlines()) == [
        "slipway: far: gone has no content: it is dropped",
        "slipway: far: new was written here as a whole: it is uploaded now",
        f"slipway: far: part {reason}: it is set aside in {aside}",
    ]
    assert far.cache.waiting == 2


def test_a_cache_that_was_left_is_taken_over(far: Far) -> None:
    """
    What waits in it is counted, and not if it is set aside; one that is in use is left alone.
    """
    far.own.put("far{new}/both", b"theirs....", WHOLE)
    far.own.put("far{new}/more", b"0123456789", WHOLE)
    far.other.put("far{new}/both", b"mine......", WHOLE)
    used = cache_claims.take(far.root / ".cache", "far")
    assert used.cache == far.own.root
    claim = far.cache.put_in_order()
    assert (claim.cache, far.cache.waiting) == (far.other.root, 1)
    used.lock.close()
    assert far.cache.put_in_order() == claim

    assert far.cache.waiting == 2
    folder = far.other.root / "vfs/far{new}"
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        "both": b"mine......",
        "more": b"0123456789",
    }
    assert (far.root / ".rescued/far/both").read_bytes() == b"theirs...."


def test_a_remote_is_asked_about_its_own_files_alone(far: Far) -> None:
    """
    That it has no file of another place's says nothing; the same with another hash is its own.
    """
    far.own.put("far{old}/f", b"new", b"")
    far.own.put("another/f", b"new", b"")
    far.cache.put_in_order()

    assert far.asked() == ["rc", "lsjson"]
    assert (far.own.root / "vfs/far{new}/f").read_bytes() == b"new"
    assert (far.root / ".rescued/far/f").read_bytes() == b"new"


def test_rclone_is_asked_once_where_the_files_lie(far: Far) -> None:
    """
    It stays the same while the program runs; without a file nobody asks.
    """
    far.cache.put_in_order()
    assert far.asked() == []
    for _ in range(3):
        far.own.put("far{old}/f", b"0123456789", WHOLE)
        far.cache.put_in_order()

    assert far.cache.folder == Folder("far{new}", "")
    assert far.asked() == ["rc"]


def test_where_files_wait(far: Far) -> None:
    """
    In the directory of all caches, before one is taken.
    """
    assert far.cache.place == far.root / ".cache"
    far.cache.put_in_order()

    assert far.cache.place == far.own.root


def test_what_an_upload_may_have_left_here_only_is_set_aside(
    far: Far, capfd: pytest.CaptureFixture[str]
) -> None:
    """
    Each file that is held, of this cache and of one that another container left; said once.
    """
    for cache in (far.own, far.other):
        (cache.root / ".held/d").mkdir(parents=True)
        (cache.root / ".held/d" / cache.root.name).write_text("only here")
    (far.other.root / ".lock").touch()
    for _ in range(2):
        far.cache.put_in_order()

    rescued = far.root / ".rescued/far/d"
    assert {path.name: path.read_text() for path in rescued.iterdir()} == {
        "far": "only here",
        "far~2": "only here",
    }
    said = capfd.readouterr().err
    assert said.count("d/far was renamed while it was uploaded, and nobody has said") == 1
    assert not (far.own.root / ".held").exists()
