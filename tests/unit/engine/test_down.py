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
    *" ps "*) cat "$FOLDER/there" ;;
    *" down"*) echo "$COMPOSE_PROJECT_NAME" > "$FOLDER/removed" ;;
esac
"""


@pytest.mark.parametrize(
    ("there", "said"), [("", "container … there was none"), ("abc\n", "container … removed in ")]
)
def test_nothing_is_said_to_be_removed_where_nothing_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: str, said: str
) -> None:
    (tmp_path / "docker").write_text(DOCKER)
    (tmp_path / "docker").chmod(0o755)
    (tmp_path / "there").write_text(there)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("FOLDER", str(tmp_path))
    output = io.StringIO()
    down(Project.at(tmp_path, dict(os.environ)), Steps(1, output))

    assert said in output.getvalue()
    assert (tmp_path / "removed").exists() == bool(there)
