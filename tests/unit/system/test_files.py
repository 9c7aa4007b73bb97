"""
Files that may not be there.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from slipway.system import files


def test_only_a_file_that_is_not_there_has_no_content(tmp_path: Path) -> None:
    """
    Anything else that keeps it from being read is an error: the file may say something.
    """
    (tmp_path / "file").write_bytes(b"")

    assert files.content(tmp_path / "file") == b""
    assert files.content(tmp_path / "none") is None
    with pytest.raises(IsADirectoryError):
        files.content(tmp_path)
    with pytest.raises(NotADirectoryError):
        files.content(tmp_path / "file/below")


def test_what_can_not_be_read_says_nothing(tmp_path: Path) -> None:
    """
    Whatever is in the way.
    """
    (tmp_path / "file").write_bytes(b"x")

    assert files.readable(tmp_path / "file") == b"x"
    for path in ("none", "file/below", "."):
        assert files.readable(tmp_path / path) is None
