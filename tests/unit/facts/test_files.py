"""
Many files at once, whatever they are called.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

from slipway.facts.files import FileState, FileStates, FileText, LinkTargets
from slipway.facts.mounts import DirectoryOwner
from slipway.system.atomic import temporary
from tests.unit.facts.conftest import ODD, ask


@pytest.mark.parametrize("name", ODD)
def test_files_of_any_name_are_seen(tmp_path: Path, name: str) -> None:
    """
    With their content, mode and owner; a literal backslash and n is no newline.
    """
    path = tmp_path / name
    path.write_bytes(b"\0\xff")
    path.chmod(0o640)
    expected = FileState("regular file", "640", "root", "root", sha256(b"\0\xff").hexdigest())

    assert {str(path): expected} == ask(FileStates(), paths=[str(path)])


def test_each_kind_of_file_is_told_apart(tmp_path: Path) -> None:
    """
    Links are not followed, an empty file is a file, what is not there is left out.
    """
    (tmp_path / "empty").touch()
    (tmp_path / "directory").mkdir()
    (tmp_path / "link").symlink_to("empty")
    (tmp_path / "loop").symlink_to("loop")
    names = ["empty", "directory", "link", "loop", "gone"]
    states = ask(FileStates(), paths=[str(tmp_path / name) for name in names])

    found = {path.rpartition("/")[2]: (state.type, state.sha256) for path, state in states.items()}

    assert found == {
        "empty": ("regular file", sha256(b"").hexdigest()),
        "directory": ("directory", ""),
        "link": ("symbolic link", ""),
        "loop": ("symbolic link", ""),
    }


def test_drafts_of_a_killed_run_are_seen(tmp_path: Path) -> None:
    """
    Beside a file that is there and beside one that is not.
    """
    paths = [str(tmp_path / name) for name in ("a", "b")]
    for path in (paths[0], *map(temporary, paths)):
        Path(path).touch()

    assert {paths[0], *map(temporary, paths)} == set(ask(FileStates(), paths=paths))


@pytest.fixture(scope="session")
def german(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """
    Variables of a user who has set a language, and whose image has its translations.
    """
    directory = tmp_path_factory.mktemp("locales")
    # exit code 1 is a warning here
    command = ["localedef", "-i", "de_DE", "-f", "UTF-8", str(directory / "de_DE.UTF-8")]
    if shutil.which("localedef"):
        subprocess.run(command, check=False, capture_output=True)
    variables = {"LOCPATH": str(directory), "LC_ALL": "de_DE.UTF-8"}
    kind = subprocess.run(
        ["stat", "-c", "%F", "/"], env={**os.environ, **variables}, capture_output=True, check=True
    )
    if kind.stdout != b"Verzeichnis\n":
        pytest.skip("no translations here")
    return variables


def test_a_users_language_changes_no_fact(tmp_path: Path, german: dict[str, str]) -> None:
    """
    stat(1) translates the kinds of files: in German nothing would ever be as it should.
    """
    (tmp_path / "file").touch()
    states = ask(FileStates(), env=german, paths=[str(tmp_path / "file"), str(tmp_path)])

    assert {state.type for state in states.values()} == {"regular file", "directory"}
    assert ask(DirectoryOwner(), env=german, path=str(tmp_path)) == (0, 0)


@pytest.mark.parametrize("name", ODD)
def test_links_are_read_whole(tmp_path: Path, name: str) -> None:
    """
    Also where they lead nowhere; other files are no links.
    """
    link, file = tmp_path / f"{name}1", tmp_path / f"{name}2"
    link.symlink_to(name)
    file.touch()
    paths = [str(file), str(link), str(tmp_path / "gone")]

    assert {str(link): name} == ask(LinkTargets(), paths=paths)


@pytest.mark.parametrize("name", ODD)
def test_a_text_is_read_line_by_line(tmp_path: Path, name: str) -> None:
    """
    Blank lines, a carriage return and bytes that are no UTF-8 stay; the last newline is given.
    """
    (tmp_path / name).write_bytes(b"a\r\n\n \xff\x0b\nlast")

    assert ask(FileText(), path=str(tmp_path / name)) == "a\r\n\n \udcff\x0b\nlast\n"
    assert ask(FileText(), path=str(tmp_path / "gone")) == ""
