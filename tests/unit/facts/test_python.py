"""
Virtual environments: what pip has put there.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from slipway.facts.python import RECORD, Environment, PythonEnvironment
from tests.unit.facts.conftest import ODD, ask


@pytest.mark.parametrize("name", ODD)
def test_an_environment_names_its_distributions(tmp_path: Path, name: str) -> None:
    """
    By pip's directories; names are compared in their normal form.
    """
    place = tmp_path / name
    assert ask(PythonEnvironment(), path=str(place)) == Environment({}, "")

    for each in ("Zope.Interface-6.0.dist-info", "numpy-2.1.0.dist-info"):
        (place / "lib/python3.11/site-packages" / each).mkdir(parents=True)
    (place / RECORD).write_text("digest\n")
    found = {"zope-interface": "6.0", "numpy": "2.1.0"}
    assert ask(PythonEnvironment(), path=str(place)) == Environment(found, "digest")
