"""
Programs for tests: one that is there, one that is installed, or none and a word on it.
"""

from __future__ import annotations

import io
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest

from engine import client, optional, packages
from engine.commands import Failure, Output
from engine.optional import Wanted
from engine.project import Project
from engine.steps import Steps


@pytest.mark.parametrize(
    ("wanted", "is_there", "is_allowed", "expected"),
    [
        (optional.BROWSER, True, False, "chromium is there"),
        (optional.BROWSER, False, True, "chromium installed"),
        (optional.PODMAN, False, True, "podman installed"),
        (optional.PODMAN, False, False, "none: its tests are skipped"),
        (optional.COMPOSE, True, False, "Compose is there"),
        (optional.COMPOSE, False, True, "Compose installed"),
        (optional.COMPOSE, False, False, "none: its tests are skipped"),
    ],
)
def test_none_of_them_is_a_must(  # noqa: PLR0913 - a table
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    wanted: Wanted,
    *,
    is_there: bool,
    is_allowed: bool,
    expected: str,
) -> None:
    """
    Who may not install one has all other tests.
    """
    installed: list[str] = []

    def install(*_arguments: object, required: Sequence[str], **_keywords: object) -> None:
        if not is_allowed:
            raise Failure(f"There is no {wanted.program}: install it")
        installed.extend(required)

    monkeypatch.setattr(shutil, "which", lambda _name: "/usr/bin/x" if is_there else None)
    monkeypatch.setattr(client, "ask", lambda *_arguments, **_keywords: Output(0, "", ""))
    monkeypatch.setattr(packages, "install", install)
    screen = io.StringIO()
    with Steps(1, screen).step("program") as step:
        optional.ensure(Project.at(tmp_path, {}), step, wanted)

    assert expected in screen.getvalue()
    is_missing = not is_there and not is_allowed
    assert (f"There is no {wanted.program}" in screen.getvalue()) == is_missing
    assert installed == ([*wanted.packages] if is_allowed else [])
