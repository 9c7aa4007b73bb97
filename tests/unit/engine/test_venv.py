"""
The developer's .venv.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from engine import venv
from engine.commands import Failure
from engine.project import Project
from engine.steps import Step


def test_a_python_that_is_too_old_is_refused_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    `make up` runs on 3.9; what the lock has doesn't, and pip would say so in many lines.
    """
    monkeypatch.setattr(sys, "version_info", (3, 9, 18))

    with pytest.raises(Failure, match=r"Python 3\.10 or later"):
        venv.ensure(Project.at(tmp_path, {}), Step("python"))
    assert not (tmp_path / ".venv").exists()
