"""
Descriptions of terminals.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from slipway.facts import terminals
from slipway.facts.terminals import DescribedTerminals
from tests.unit.facts.conftest import ask


def test_a_description_is_where_ncurses_finds_it_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    A link that leads nowhere is none.
    """
    first, last = tmp_path / "etc", tmp_path / "usr"
    monkeypatch.setattr(terminals, "PLACES", (str(first), str(last)))
    for place in (first, last):
        (place / "x").mkdir(parents=True)
    for path in (first / "x/x-a", last / "x/x-a", last / "x/x b"):
        path.touch()
    (last / "x/x-gone").symlink_to("/no/such")

    assert ask(DescribedTerminals(), names=["x-a", "x b", "x-gone", "y"]) == {
        "x-a": str(first / "x/x-a"),
        "x b": str(last / "x/x b"),
    }
