"""
Two clones never share a container, whatever their folders are called.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine import naming
from engine.project import Project

DOCKER = """#!/bin/sh
[ "$1" = ps ] || exit 1
cat "$FOLDER/running" 2>/dev/null
for word; do case $word in label=*) echo "$word" >> "$FOLDER/asked" ;; esac; done
"""


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """
    An engine whose containers of the clone are in the file `running`.
    """
    (tmp_path / "docker").write_text(DOCKER)
    (tmp_path / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("FOLDER", str(tmp_path))
    return tmp_path


def clone(engine: Path, path: str, **environment: str) -> Project:
    """
    Return the project of a clone at a path.
    """
    (engine / path).mkdir(parents=True, exist_ok=True)
    return Project.at(engine / path, {**os.environ, **environment})


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("slipway", "slipway"),
        ("My Clone.2", "myclone2"),
        ("_x", "x"),
        ("a_b-c", "a_b-c"),
        ("日本", "slipway"),
    ],
)
def test_a_name_begins_with_the_folders(engine: Path, folder: str, name: str) -> None:
    """
    Lower case, and only the characters that Compose takes.
    """
    project = clone(engine, folder)

    assert naming.project_name(project) == naming.by_path(project)
    assert naming.by_path(project).rpartition("-")[0] == name


def test_clones_with_one_name_differ(engine: Path) -> None:
    """
    Each time the same; through a link it is the same clone.
    """
    names = [naming.project_name(clone(engine, f"{where}/slipway")) for where in ("a", "b", "a")]
    (engine / "c").symlink_to(engine / "a")

    assert names[0] == names[2] != names[1]
    assert naming.project_name(clone(engine, "c/slipway")) == names[0]


@pytest.mark.parametrize(
    ("running", "is_taken_over"),
    [("", False), ("slipway", True), ("slipway\n{own}", False), ("{own}", False), ("x", False)],
)
def test_a_container_of_before_is_taken_over(
    engine: Path, running: str, *, is_taken_over: bool
) -> None:
    """
    One that this clone has under the folder's name; others are not asked for.
    """
    project = clone(engine, "a/slipway")
    own = naming.by_path(project)
    (engine / "running").write_text(running.format(own=own))

    assert naming.project_name(project) == ("slipway" if is_taken_over else own)
    assert f"working_dir={project.root}" in (engine / "asked").read_text()


def test_the_users_own_name_stands(engine: Path) -> None:
    assert naming.project_name(clone(engine, "x", COMPOSE_PROJECT_NAME="Mine!")) == "mine"
