"""
Uploads as rclone tells of them over its remote control.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from slipway.remotes import rc
from slipway.remotes.mounted.following import HELD, Following

from .conftest import Cache, metadata

NOW = "2026-11-27T02:00:00.5Z"


class Far:
    """
    A mount whose rclone answers from what is set here.
    """

    def __init__(self, root: Path) -> None:
        self.cache = Cache(root / "cache")
        self.waiting: list[str] = []
        self.unnamed = 0  # uploads that wait and that the queue does not list
        self.asked: list[str] = []
        self.following = Following("far", root / "socket", self.cache.root)

    def call(self, _socket: Path, command: str, **_given: Any) -> dict[str, Any]:
        """
        Answer as rclone 1.75.2 does.
        """
        self.asked.append(command)
        if command == "vfs/stats":
            places = {
                "path": str(self.cache.root / "vfs/far{x}/alias"),
                "pathMeta": str(self.cache.root / "vfsMeta/far{x}/alias"),
            }
            waiting = len(self.waiting) + self.unnamed
            return {"diskCache": {"uploadsQueued": waiting, "uploadsInProgress": 0, **places}}
        if command == "vfs/queue":
            return {"queue": [{"name": name, "expiry": 0.0} for name in self.waiting]}
        raise TimeoutError

    def cross(self) -> None:
        """
        Have a file uploaded and renamed at once.
        """
        place = "far{x}/alias"
        self.cache.put(f"{place}/a", b"new", metadata(3, [(0, 3)], dirty=True, ModTime=NOW))
        self.waiting = ["a"]
        self.following.step()
        self.waiting = []
        self.cache.put(f"{place}/a", None, metadata(3, [(0, 3)], dirty=False, ModTime=NOW))
        for top in ("vfs", "vfsMeta"):
            directory = self.cache.root / top / place
            (directory / "a").rename(directory / "b")


@pytest.fixture
def far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Far:
    """
    One without any file.
    """
    far = Far(tmp_path)
    monkeypatch.setattr(rc, "call", far.call)
    return far


def test_an_idle_mount_is_asked_one_thing(far: Far) -> None:
    """
    Each second.
    """
    far.following.step()

    assert far.asked == ["vfs/stats"]
    assert far.following.is_quiet


def test_a_drain_goes_on_until_two_looks_find_nothing(far: Far) -> None:
    """
    A rename may end between them.
    """
    far.waiting = ["a"]
    found = [far.following.is_under_way()]
    far.waiting = []
    found += [far.following.is_under_way() for _ in range(2)]

    assert found == [True, True, False]


def test_an_upload_that_the_queue_does_not_name_is_waited_for(far: Far) -> None:
    """
    It is uploaded again, under the former name, as it could not be cancelled.
    """
    far.cross()
    far.unnamed = 1
    far.following.step()
    asked = far.asked[-3:]
    far.unnamed = 0
    far.following.step()

    assert asked == ["vfs/stats", "vfs/queue", "vfs/stats"]
    assert far.asked[-1] == "operations/stat"


def test_what_is_doubtful_at_the_end_is_held(far: Far) -> None:
    """
    Under the path that it has below the alias's target.
    """
    far.cross()
    assert far.following.is_under_way()
    far.following.end()

    assert (far.cache.root / HELD / "alias/b").read_bytes() == b"new"


def test_a_held_file_that_can_not_be_written_is_named(
    far: Far, capfd: pytest.CaptureFixture[str]
) -> None:
    """
    The program goes on.
    """
    far.cross()
    far.following.step()
    (far.cache.root / HELD).touch()
    far.following.end()

    assert "far: " in capfd.readouterr().err
