"""
Room for files of ours, in both forms: by a shell, and by a process that is inside.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from pyinfra.api import StringCommand

from slipway.operations import room
from slipway.system import atomic

Act = Callable[[str], None]


def _shell(words: Callable[..., list[object]]) -> Act:
    def run(path: str) -> None:
        command = StringCommand(*words(path)).get_raw_value()
        subprocess.run(["sh", "-c", f"set -e; {command}"], check=True)

    return run


CLEAR = {"by a shell": _shell(room.cleared), "inside": atomic.clear}
MAKE = {"by a shell": _shell(room.made), "inside": room.make_directory}
IN_THE_WAY: dict[str, Callable[[Path], object]] = {
    "nothing": lambda _: None,
    "a file": lambda path: path.write_text("x"),
    "an empty directory": Path.mkdir,
    "a directory": lambda path: (path / "inside").mkdir(parents=True),
    "a link": lambda path: path.symlink_to("/"),
    "a dangling link": lambda path: path.symlink_to("nowhere"),
    "a loop": lambda path: path.symlink_to(path.name),
    "a FIFO": os.mkfifo,
}


@pytest.mark.parametrize("how", CLEAR)
@pytest.mark.parametrize("what", IN_THE_WAY)
def test_nothing_is_in_a_drafts_way(tmp_path: Path, how: str, what: str) -> None:
    """
    Only a directory with something in it is kept: nobody else has files of that name.
    """
    draft = tmp_path / ".x y.slipway"
    IN_THE_WAY[what](draft)
    CLEAR[how](str(draft))

    kept = [".x y.slipway.replaced"] if what == "a directory" else []
    assert [path.name for path in tmp_path.iterdir()] == kept
    assert Path("/").is_dir()


@pytest.mark.parametrize("what", IN_THE_WAY)
def test_a_file_is_written_whatever_lies_where_it_is_put_together(
    tmp_path: Path, what: str
) -> None:
    """
    Also a link to a device, or a FIFO, which would be waited for.
    """
    draft = tmp_path / ".x.slipway"
    IN_THE_WAY[what](draft)
    atomic.write(tmp_path / "x", b"new")

    assert (tmp_path / "x").read_bytes() == b"new"
    assert not os.path.lexists(draft)


@pytest.mark.parametrize("how", MAKE)
@pytest.mark.parametrize("what", sorted(set(IN_THE_WAY) - {"nothing", "a link"}))
@pytest.mark.parametrize("below", ["", "a", "a/b/c d"])
def test_a_directory_is_there_whatever_its_parents_are(
    tmp_path: Path, how: str, what: str, below: str
) -> None:
    """
    What is no directory is kept beside its place.
    """
    place = tmp_path / "share"
    IN_THE_WAY[what](place)
    MAKE[how](str(place / below))

    assert (place / below).is_dir()
    assert os.path.lexists(f"{place}.replaced") == ("directory" not in what)


@pytest.mark.parametrize("how", MAKE)
def test_a_link_to_a_directory_is_one(tmp_path: Path, how: str) -> None:
    (tmp_path / "volume").mkdir()
    (tmp_path / "share").symlink_to("volume")
    MAKE[how](str(tmp_path / "share/a"))

    assert (tmp_path / "volume/a").is_dir()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["share", "volume"]
