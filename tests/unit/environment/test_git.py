"""
What git is told of a workspace, read back by git itself.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from slipway.environment import git

WORKSPACES = [
    "/workspace",
    "/data/my files",
    '/data/"quoted"',
    "/data/back\\slash",
    "/data/#1;x",
    "/data/ü",
    "/data/$HOME `x`",
    "/data/[a]*",
    "/data/tab\tbed",
    "/data/ends ",
    "/data/%(prefix)",
]


@pytest.mark.skipif(shutil.which("git") is None, reason="no git here")
@pytest.mark.parametrize("path", WORKSPACES)
def test_git_reads_the_workspace_as_it_is_called(path: str, tmp_path: Path) -> None:
    """
    The directory itself, and all that is in it.
    """
    file = tmp_path / "config"
    file.write_text(git.for_workspace(path))
    words = ["git", "config", "--file", str(file), "-z", "--get-all", "safe.directory"]
    done = subprocess.run(words, capture_output=True, text=True, check=True)

    assert done.stdout.split("\0")[:-1] == [path, f"{path}/*"]


@pytest.mark.parametrize(
    ("version", "is_old"),
    [
        ((2, 34), True),
        ((2, 39), True),
        ((2, 45), True),
        ((2, 46), False),
        ((3, 0), False),
        ((), False),
    ],
)
def test_an_old_git_takes_every_directory(version: tuple[int, ...], *, is_old: bool) -> None:
    """
    Before 2.46 it has no words for a directory and what is in it.
    """
    lines = git.for_image(version, included="/run/x").splitlines()

    assert ("\tdirectory = *" in lines) is is_old
    assert lines[-2:] == ["[include]", "\tpath = /run/x"]
