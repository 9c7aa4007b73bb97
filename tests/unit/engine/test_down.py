"""
`make down` says what there was.
"""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from engine.__main__ import down
from engine.project import Project
from engine.steps import Steps

DOCKER = """#!/bin/sh
case "$*" in
    "compose version"*) echo 2 ;;
    "network ls"*label=com.docker.compose.project=own) cat "$FOLDER/networks" ;;
    "ps --all --format"*label=com.docker.compose.project=own) cat "$FOLDER/containers" ;;
    compose*" ps "*) cat "$FOLDER/there" ;;
    *" down"*) echo "$COMPOSE_PROJECT_NAME" > "$FOLDER/removed" ;;
esac
"""
NOTHING = "container … there was none\n"


@pytest.mark.parametrize(
    ("left", "said"),  # the service's containers, all of them, networks
    [
        (("", "", ""), NOTHING),
        (("abc\n", "own_slipway_1\n", "own_default\n"), "container … removed in "),
        (("abc\n", "own_slipway_1\n", ""), "container … removed in "),
        (("", "", "own_default\n"), "there was none; removed network own_default in "),
        (("", "", "own_a\nown_b\n"), "none; removed network own_a and network own_b in "),
        (("", "own_db_1\n", ""), "there was none; removed own_db_1 in "),
        (("", "own_db_1\n", "own_default\n"), "none; removed own_db_1 and network own_default in "),
    ],
)
def test_what_is_left_is_removed_and_named(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    left: tuple[str, str, str],
    said: str,
) -> None:
    """
    Also where somebody has removed the container by hand: its network would be in the way.
    """
    for name, text in zip(("there", "containers", "networks"), left, strict=True):
        (tmp_path / name).write_text(text)
    (tmp_path / "docker").write_text(DOCKER)
    (tmp_path / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("FOLDER", str(tmp_path))
    monkeypatch.setenv("COMPOSE_PROJECT_NAME", "own")
    output = io.StringIO()
    down(Project.at(tmp_path, dict(os.environ)), Steps(1, output))

    assert said in output.getvalue()
    assert (tmp_path / "removed").exists() == (said != NOTHING)
