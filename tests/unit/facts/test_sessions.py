"""
The record of who is logged in.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from slipway.facts import sessions
from slipway.facts.sessions import SessionRecord
from tests.unit.facts.conftest import ask


@pytest.mark.parametrize(
    ("record", "start", "expected"),
    [
        (None, 100, "missing"),
        (50, 100, "of an earlier start"),
        (150, 100, ""),
        (50, None, ""),
    ],
)
def test_a_record_is_of_this_start(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    record: int | None,
    start: int | None,
    expected: str,
) -> None:
    """
    One that is older than what the start has saved is another's; without a start there is no other.
    """
    places = {"UTMP": tmp_path / "utmp", "ENVIRONMENT": tmp_path / "environment"}
    for (name, path), time in zip(places.items(), (record, start), strict=True):
        monkeypatch.setattr(sessions, name, path)
        if time is not None:
            path.touch()
            os.utime(path, (time, time))

    assert ask(SessionRecord()) == expected
