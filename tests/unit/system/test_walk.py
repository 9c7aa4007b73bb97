"""
A tree that is walked while others change it.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from slipway.system import walk


def lay(root: Path, *paths: str) -> None:
    """
    Make files.
    """
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(path.encode())


def test_regular_files_are_found_at_any_depth(tmp_path: Path) -> None:
    """
    Neither links, not even to a directory, nor pipes; what is skipped is not looked into.
    """
    lay(tmp_path, "a", "b/c", "b/d e/ü", "no/f", "b/no")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    (tmp_path / "b/up").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    found = dict(walk.files(tmp_path, is_skipped=lambda name: name == "no"))

    assert found.keys() == {"a", "b/c", "b/d e/ü"}
    assert found["b/c"].stat().st_size == len(b"b/c")


def test_a_root_that_is_no_directory(tmp_path: Path) -> None:
    """
    One that is not there has no files; a file in its place is an error.
    """
    lay(tmp_path, "file")

    assert list(walk.files(tmp_path / "none")) == []
    with pytest.raises(NotADirectoryError):
        list(walk.files(tmp_path / "file"))


def _remove(directory: Path) -> None:
    (directory / "x").unlink()
    directory.rmdir()


def _replace(directory: Path) -> None:
    _remove(directory)
    directory.write_bytes(b"a file now")


@pytest.mark.parametrize("change", [_remove, _replace])
def test_a_directory_that_vanishes_takes_no_other_along(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    """
    Between the moment when it is seen and the moment when it is looked into.
    """
    lay(tmp_path, "file", "goes/x", "stays/y")
    found = []
    for path, _ in walk.files(tmp_path):
        found.append(path)
        if path == "file":
            change(tmp_path / "goes")

    assert found == ["file", "stays/y"]
