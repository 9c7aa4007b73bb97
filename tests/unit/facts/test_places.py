"""
What is at a place, and what it leads to.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from slipway.facts.authorized_keys import KeyFiles, UnsafePlace
from slipway.facts.files import NO_ANSWER, FileStates, FileText
from slipway.facts.mounts import DirectoryOwner
from slipway.facts.places import Place, Places
from slipway.system import bounded_files
from tests.unit.facts.conftest import ODD, ask, needs_root


@needs_root
def test_a_place_is_told_with_what_it_leads_to(tmp_path: Path) -> None:
    """
    Absent, empty, a directory, a file, a FIFO, links to each, a dangling and a looping one.
    """
    (tmp_path / "directory").mkdir(mode=0o755)
    (tmp_path / "file").write_text("x")
    (tmp_path / "empty").touch()
    os.mkfifo(tmp_path / "fifo")
    os.chown(tmp_path / "empty", 54321, 54321)
    for name in ("directory", "file", "empty"):
        (tmp_path / name).chmod(0o750)
        (tmp_path / f"to {name}").symlink_to(name)
    (tmp_path / "fifo").chmod(0o600)
    (tmp_path / "dangling").symlink_to("gone/below")
    (tmp_path / "loop").symlink_to("loop")
    names = [*(each.name for each in tmp_path.iterdir()), "absent", "file/below"]
    found = ask(Places(), paths=[str(tmp_path / name) for name in names])

    assert {Path(path).name: place for path, place in found.items()} == {
        "directory": Place("directory", "directory", "750", "root"),
        "file": Place("regular file", "regular file", "750", "root"),
        "empty": Place("regular file", "regular file", "750", "UNKNOWN", "UNKNOWN"),
        "fifo": Place("fifo", "fifo", "600", "root"),
        "to directory": Place("symbolic link", "directory", "750", "root"),
        "to file": Place("symbolic link", "regular file", "750", "root"),
        "to empty": Place("symbolic link", "regular file", "750", "UNKNOWN", "UNKNOWN"),
        "dangling": Place("symbolic link", "", "", "", ""),
        "loop": Place("symbolic link", "", "", "", ""),
    }


@pytest.mark.parametrize("name", ODD)
def test_a_place_may_have_any_name(tmp_path: Path, name: str) -> None:
    """
    Nothing in it is a word of the program's.
    """
    (tmp_path / name).mkdir()

    assert list(ask(Places(), paths=[str(tmp_path / name)])) == [str(tmp_path / name)]


def test_every_fact_answers_where_nothing_or_something_else_is(tmp_path: Path) -> None:
    """
    Absent, below a file, a directory, dangling, looping, a FIFO that nobody writes to.
    """
    (tmp_path / "file").touch()
    (tmp_path / "directory").mkdir()
    (tmp_path / "dangling").symlink_to("gone/below")
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "fifo")
    for name in ("gone", "gone/below", "file/below", "directory", "dangling", "loop", "fifo"):
        path = str(tmp_path / name)

        assert ask(FileText(), path=path) == ""
        assert ask(KeyFiles(), paths=[path]).keys() <= {path}
        assert ask(UnsafePlace(), path=path) in ("", str(tmp_path), "/tmp")
        assert ask(FileStates(), paths=[path]).keys() <= {path}
        assert ask(DirectoryOwner(), path=path) is None or name == "directory"


@pytest.fixture
def silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """
    Have a mount that does not answer: its one file is a FIFO.
    """
    line = "36 35 98:0 / {} rw - {} source rw\n"
    mounts = tmp_path / "mountinfo"
    point = tmp_path / "mount"
    mounts.write_text(line.format("/", "overlay") + line.format(point, "fuse.x"))
    monkeypatch.setattr(bounded_files, "_MOUNTS", mounts)
    monkeypatch.setattr(bounded_files, "_silent", set())

    def never(*_: object) -> None:
        raise TimeoutError

    monkeypatch.setattr(bounded_files, "_elsewhere", never)
    return str(point)


def test_every_fact_answers_where_nobody_answers(silent: str) -> None:
    """
    What a process in the container does itself; the file system is named where that counts.
    """

    def inside(fact: object, **arguments: object) -> object:
        output = fact.command(**arguments).act().stdout.decode()  # type: ignore[attr-defined]
        lines = output.removesuffix("\n").split("\n")
        return fact.process(lines) if output else fact.default()  # type: ignore[attr-defined]

    path = f"{silent}/keys"
    keys = inside(KeyFiles(), paths=[path])

    assert keys[path].trouble == f"the file system at {silent} does not answer"  # type: ignore[index]
    assert inside(FileText(), path=path) == ""
    assert inside(UnsafePlace(), path=path) == silent
    assert inside(Places(), paths=[path])[path].is_silent  # type: ignore[index]
    assert inside(FileStates(), paths=[path])[path].type == NO_ANSWER  # type: ignore[index]
