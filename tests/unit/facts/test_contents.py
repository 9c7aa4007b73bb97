"""
Files and paths as connecting asks for them: a process says what `cat` and `realpath` say.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from slipway.connectors import container_files
from slipway.connectors.native import Inside
from slipway.facts.contents import Content, RealPath
from tests.unit.facts.conftest import ODD


def both(command: object) -> tuple[list[object], list[object]]:
    """
    Return what the process gives, and the shell: code, output, and the reason at the end.
    """
    assert isinstance(command, Inside)
    done = command.act()
    by_shell = subprocess.run(
        ["sh", "-c", command.get_raw_value()], check=False, capture_output=True
    )
    return tuple(
        [code, stdout, stderr.rpartition(b": ")[2]]
        for code, stdout, stderr in (
            (done.code, done.stdout, done.stderr),
            (by_shell.returncode, by_shell.stdout, by_shell.stderr),
        )
    )  # type: ignore[return-value]


@pytest.fixture
def places(tmp_path: Path) -> Path:
    """
    A directory with what paths may lead to.
    """
    for name in ODD:
        (tmp_path / name).write_bytes(b"\0\xff\n0 0 0\n.\n" + os.fsencode(name))
    (tmp_path / "empty").touch()
    (tmp_path / "link").symlink_to("a b")
    (tmp_path / "nowhere").symlink_to("gone/there")
    (tmp_path / "circle").symlink_to("circle")
    (tmp_path / "directory").mkdir()
    (tmp_path / "round").symlink_to("directory")
    return tmp_path


NAMES = ["empty", "link", "nowhere", "directory", "gone", "gone/x", "empty/x", *ODD]


@pytest.mark.parametrize("name", [*NAMES, "circle", "x" * 300])
def test_a_file_is_read_as_cat_reads_it(places: Path, name: str) -> None:
    """
    Or said why not, in the same words.
    """
    if name == "directory":
        with pytest.raises(ValueError, match="directory"):
            both(Content().command(f"{places}/{name}"))
        return
    done, expected = both(Content().command(f"{places}/{name}"))

    assert done == expected


@pytest.mark.parametrize("kind", ["pipe", "endless", "long"])
def test_what_may_have_no_end_is_left_to_a_shell(tmp_path: Path, kind: str) -> None:
    """
    The process would hold all of it.
    """
    path = tmp_path / kind
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "endless":
        path.symlink_to("/dev/zero")
    else:
        with path.open("wb") as stream:
            stream.truncate(1 << 40)
    command = Content().command(str(path))
    assert isinstance(command, Inside)

    with pytest.raises(ValueError, match=kind):
        command.act()


@pytest.mark.parametrize("name", [*NAMES, "round/../a b", "nowhere/..", "./", "directory//x/"])
def test_a_path_is_resolved_as_realpath_resolves_it(places: Path, name: str) -> None:
    """
    Whether it is there or not.
    """
    done, expected = both(RealPath().command(f"{places}/{name}"))

    assert done == expected


def test_links_in_a_circle_are_left_to_a_shell(places: Path) -> None:
    command = RealPath().command(f"{places}/circle")
    assert isinstance(command, Inside)

    with pytest.raises(ValueError, match="circle"):
        command.act()


def test_connecting_asks_in_the_same_words() -> None:
    """
    Else nobody but the shell would answer it.
    """
    for path in (*container_files.SEEN, "/workspace", "/a 'b'"):
        assert Content().command(path).get_raw_value() == container_files.reading(path)
        assert RealPath().command(path).get_raw_value() == container_files.resolving(path)
