"""
Whose the directory of a copied remote is.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from slipway.remotes.copied.program import Sync
from slipway.settings.variables import Settings

from .conftest import Pair


def test_another_place_is_refused_until_the_directory_is_moved_away(
    pair: Pair, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """
    Another path of the remote, or another place behind its name; the note says what to do.
    """
    (pair.there / "a").mkdir()
    (pair.there / "a/f").write_bytes(b"a's")
    (pair.there / "a/g").write_bytes(b"only a's")
    (pair.there / "b").mkdir()
    (pair.there / "b/f").write_bytes(b"b's")
    pair.here.rmdir()
    (pair.sync.memory.place / "source").unlink()
    assert pair.begin("far:a")
    pair.everything()
    assert not pair.begin("far:b")
    assert "move that directory away" in capfd.readouterr().err
    pair.variables["RCLONE_CONFIG_FAR_REMOTE"] = str(tmp_path / "elsewhere")
    assert not pair.begin("far:a")
    pair.here.rename(tmp_path / "away")
    pair.variables["RCLONE_CONFIG_FAR_REMOTE"] = str(pair.there)
    assert pair.begin("far:b")
    pair.everything()

    assert (pair.here / "f").read_bytes() == b"b's"
    assert (pair.there / "a/f").read_bytes() == (tmp_path / "away/f").read_bytes() == b"a's"
    (tmp_path / "away/g").rename(pair.here / "g")
    pair.changes()
    assert (pair.there / "b/g").read_bytes() == b"only a's"  # nothing of a is known any more


def test_two_containers_do_not_copy_at_once(pair: Pair) -> None:
    """
    The second waits until the first is gone.
    """
    settings = Settings(workspace=str(pair.here.parent.parent), environment=pair.variables)
    first = Sync("far", settings, os.environ)._claimed()  # noqa: SLF001
    assert first is not None
    assert Sync("far", settings, os.environ)._claimed() is None  # noqa: SLF001
    first.close()
    assert Sync("far", settings, os.environ)._claimed() is not None  # noqa: SLF001
