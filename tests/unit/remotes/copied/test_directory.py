"""
The local side of a copied remote.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from slipway.remotes.copied import directory as tree

BLOCKED = ["file/x", "link", "link/x", "dir", "dir/link/x", "../x", "/x", "a/../x", ""]


@pytest.mark.parametrize("path", BLOCKED)
def test_what_has_no_place(tmp_path: Path, path: str) -> None:
    """
    Something else is there, or on the way, or the way leads out.
    """
    directory = tmp_path / "it"
    (directory / "dir").mkdir(parents=True)
    (directory / "file").write_bytes(b"")
    (directory / "link").symlink_to(tmp_path)
    (directory / "dir/link").symlink_to(tmp_path)

    assert tree.is_blocked(directory, path)
    assert not any(tree.is_blocked(directory, good) for good in ("file", "dir/new", "new/new"))


@pytest.mark.parametrize("without_links", [False, True])
def test_a_file_is_put_where_none_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, without_links: bool
) -> None:
    """
    Also by a file system without hard links; one that came first stays.
    """

    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "no hard links")

    new, target = tmp_path / "new", tmp_path / "target"
    if without_links:
        monkeypatch.setattr(os, "link", refuse)
    for content in (b"first", b"second"):
        new.write_bytes(content)
        os.utime(new, (7, 7))
        put = tree.put(new, target)
        assert (put is None) == (content == b"second")
        new.unlink(missing_ok=True)

    assert target.read_bytes() == b"first"
    assert tree.version(target) == (5, 7 * 10**9)
    assert os.listdir(tmp_path) == ["target"]  # noqa: PTH208


NAMES = {
    "a": "a",
    "d/ü \u3000": "d/ü \u3000",
    "a\nb\r": "a␊b␍",
    "\x7f": "␡",
    "／": "／",
    "␠␀": "␠␀",
}


@pytest.mark.parametrize("name", NAMES)
def test_what_rclone_calls_a_file(name: str) -> None:
    """
    And back.
    """
    assert tree.to_rclone(name) == NAMES[name]
    assert tree.from_rclone(NAMES[name]) == name


def test_names_that_rclone_quotes_are_not_copied() -> None:
    """
    They would come back as other ones.
    """
    assert [tree.to_rclone(name) for name in ("␊", "‛x", "\udcff")] == [""] * 3
    assert tree.from_rclone("‛␊") == ""
