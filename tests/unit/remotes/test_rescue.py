"""
Files that are set aside: found again, never in each other's way.
"""

from __future__ import annotations

import errno
import shutil
from pathlib import Path

import pytest

from slipway.remotes import rescue


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """
    A file to be set aside.
    """
    path = tmp_path / "file"
    path.write_bytes(b"content")
    return path


@pytest.mark.parametrize("name", ["f", "a b/ü", "n" * 255, "d/" + "ü" * 127])
def test_every_rescue_has_a_place_of_its_own(tmp_path: Path, file: Path, name: str) -> None:
    """
    Three of one name, as long as a name may be: three files.
    """
    root = tmp_path / "rescued"
    for number in range(3):
        file.write_bytes(b"%d" % number)
        rescue.set_aside(file, root, name)

    assert not file.exists()
    assert sorted(Path(path).read_bytes() for path in rescue.found(root)) == [b"0", b"1", b"2"]
    assert (root / name).read_bytes() == b"0"


def test_a_file_where_a_directory_is_needed(tmp_path: Path, file: Path) -> None:
    """
    And the reverse, and a link that leads nowhere: all of them stay.
    """
    root = tmp_path / "rescued"
    (root / "d").mkdir(parents=True)
    (root / "f").write_bytes(b"earlier")
    (root / "link").symlink_to("nowhere")
    (root / "out").symlink_to(tmp_path)
    for path in ("f/below", "d", "link", "out/x"):
        file.write_bytes(path.encode())
        rescue.set_aside(file, root, path)

    assert (root / "f").read_bytes() == b"earlier"
    assert (root / "f~2/below").read_bytes() == b"f/below"
    assert (root / "d~2").read_bytes() == b"d"
    assert (root / "link").is_symlink()
    assert (root / "link~2").read_bytes() == b"link"
    assert (root / "out~2/x").read_bytes() == b"out/x"
    assert not (tmp_path / "x").exists()


def test_two_containers_rescue_one_name_at_once(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Both have looked for a free name before either has moved its file: both files stay.
    """
    root, other = tmp_path / "rescued", tmp_path / "other"
    other.write_bytes(b"the other's")
    move = shutil.move

    def second_comes_first(source: Path, target: Path) -> None:
        monkeypatch.setattr(shutil, "move", move)
        rescue.set_aside(other, root, "f")
        move(source, target)

    monkeypatch.setattr(shutil, "move", second_comes_first)
    rescue.set_aside(file, root, "f")

    found = {Path(path).read_bytes() for path in rescue.found(root)}
    assert found == {b"content", b"the other's"}


def test_a_rescue_that_fails_leaves_the_file(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    On a full disk: where it was, and no empty one in the rescue folder.
    """

    def full(_source: Path, _target: Path) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "move", full)
    with pytest.raises(OSError, match="No space"):
        rescue.set_aside(file, tmp_path / "rescued", "f")

    assert file.read_bytes() == b"content"
    assert rescue.found(tmp_path / "rescued") == []


def test_it_belongs_to_the_workspaces_owner(tmp_path: Path, file: Path) -> None:
    """
    He can read it from outside the container, and nobody else can.
    """
    root = tmp_path / "rescued"
    target = rescue.set_aside(file, root, "d/f", owner=(1234, 1235))

    for path in (root, root / "d", target):
        assert (path.stat().st_uid, path.stat().st_gid) == (1234, 1235)
    assert root.stat().st_mode & 0o777 == 0o700


def test_nothing_set_aside_is_an_answer(tmp_path: Path) -> None:
    """
    Most workspaces never have such files.
    """
    assert rescue.found(tmp_path / "rescued") == []
