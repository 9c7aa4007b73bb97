"""
The browser for tests: one that is there, one that is installed, or none and a word on it.
"""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import pytest

from engine import browser, packages
from engine.commands import Failure
from engine.project import Project
from engine.steps import Steps


@pytest.mark.parametrize(
    ("is_there", "is_allowed", "expected"),
    [
        (True, False, "chromium is there"),
        (False, True, "chromium installed"),
        (False, False, "none: its tests are skipped"),
    ],
)
def test_a_browser_is_never_a_must(
    monkeypatch: pytest.MonkeyPatch,
    *,
    is_there: bool,
    is_allowed: bool,
    expected: str,
    tmp_path: Path,
) -> None:
    """
    Who may not install one has all other tests.
    """

    def install(*_arguments: object, **_keywords: object) -> None:
        if not is_allowed:
            raise Failure("There is no chromium: install it")

    monkeypatch.setattr(shutil, "which", lambda _name: "/usr/bin/x" if is_there else None)
    monkeypatch.setattr(packages, "install", install)
    screen = io.StringIO()
    with Steps(1, screen).step("browser") as step:
        browser.ensure(Project.at(tmp_path, {}), step)

    assert expected in screen.getvalue()
    assert ("There is no chromium" in screen.getvalue()) == (not is_there and not is_allowed)
