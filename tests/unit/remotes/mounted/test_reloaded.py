"""
What waited when rclone began: opened once, and its directory read again when it is uploaded.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from slipway.remotes import rc
from slipway.remotes.mounted import reloaded
from slipway.remotes.mounted.reloaded import Reloaded, open_each


class Far:
    """
    A mount, and an rclone whose queue is what the test says.
    """

    def __init__(self, root: Path) -> None:
        self.point = root / "far"
        self.point.mkdir()
        self.queue: list[str] = []
        self.forgotten: list[list[str]] = []
        self.hurried = 0
        self.is_away = False
        self.reloaded = Reloaded(self.point, root / "socket", hurry=self.hurry)

    def call(self, _socket: Path, command: str, **given: Any) -> dict[str, Any]:
        """
        Answer as rclone 1.75.2 does.
        """
        if self.is_away:
            raise TimeoutError
        given.pop("timeout", None)
        if command == "vfs/forget":
            assert all(key.startswith("file") for key in given)
            self.forgotten.append(sorted(given.values()))
        return {"queue": [{"id": 1, "name": name} for name in self.queue]}

    def hurry(self) -> None:
        """
        Count.
        """
        self.hurried += 1

    def wait_opened(self) -> None:
        """
        Look until all is opened.
        """
        deadline = time.monotonic() + 30
        while not self.hurried and time.monotonic() < deadline:
            self.reloaded.step()
            time.sleep(0.01)
        assert self.hurried == 1


@pytest.fixture
def far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Far:
    """
    One that answers.
    """
    far = Far(tmp_path)
    monkeypatch.setattr(rc, "call", far.call)
    return far


def test_where_nothing_waits_nothing_is_done(far: Far) -> None:
    """
    The usual start.
    """
    far.reloaded.begin()
    far.reloaded.step()

    assert far.reloaded.opening is None
    assert (far.hurried, far.forgotten) == (0, [])


def test_a_directory_is_read_again_once_for_what_is_uploaded(far: Far) -> None:
    """
    As soon as each file is; what is written later is not followed here.
    """
    far.queue = ["a", "b", "d/a", "d/b", "e/f/g"]
    far.reloaded.begin()
    far.wait_opened()
    assert far.forgotten == []
    far.queue = ["b", "e/f/g", "later"]
    far.reloaded.step()
    far.reloaded.step()
    (names,) = far.forgotten
    assert [name.rpartition("/")[0] for name in names] == ["", "d"]
    far.queue = ["later"]
    far.is_away = True
    far.reloaded.step()
    far.is_away = False
    far.reloaded.step()
    far.queue = []
    far.reloaded.step()

    assert far.forgotten[1:] == [["b", "e/f/g"]]


def test_many_directories_are_forgotten_in_parts(far: Far) -> None:
    """
    One request has a bound.
    """
    far.queue = [f"{number}/f" for number in range(250)]
    far.reloaded.begin()
    far.wait_opened()
    far.queue = []
    far.reloaded.step()

    assert [len(names) for names in far.forgotten] == [100, 100, 50]


def test_each_is_opened_to_be_written_and_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Whatever it is called; what is gone, or no plain file, stops nothing.
    """
    names = ["a b", "-x", "line\nbreak", "\udcff", "d/e", "%s", "ü"]
    (tmp_path / "d").mkdir()
    for name in names:
        (tmp_path / name).write_bytes(b"content")
    read = []
    monkeypatch.setattr(
        os, "pread", lambda number, *_: read.append(str(Path(f"/proc/self/fd/{number}").readlink()))
    )
    open_each(tmp_path, ["gone", *names[:3], "d", *names[3:], ""])

    assert read == [str(tmp_path / name) for name in names]
    assert all((tmp_path / name).read_bytes() == b"content" for name in names)


def test_where_no_process_can_be_made_it_is_uploaded_all_the_same(
    far: Far, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Its directories are read again afterwards.
    """
    monkeypatch.setattr(sys, "executable", "/no/python")
    far.queue = ["a"]
    far.reloaded.begin()
    assert far.hurried == 1
    far.queue = []
    far.reloaded.step()

    assert far.forgotten == [["a"]]


def test_one_that_hangs_in_the_mount_ends_with_rclone(far: Far) -> None:
    """
    A pipe stands in for a file that is never answered for.
    """
    os.mkfifo(far.point / "a")
    far.queue = ["a"]
    far.reloaded.begin()
    opening = far.reloaded.opening
    assert opening
    far.reloaded.end()

    assert opening.poll() is not None
    assert reloaded.MOST < 120
