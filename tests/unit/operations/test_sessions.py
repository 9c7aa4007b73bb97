"""
The record of who is logged in is there, and of this start.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from slipway.facts.sessions import SessionRecord
from slipway.operations import sessions
from tests.unit.conftest import Run


@pytest.mark.parametrize("wrong", ["missing", "of an earlier start"])
def test_a_record_is_made_anew(run: Run, wrong: str) -> None:
    """
    With Debian's group, or root's where it can't be given away.
    """
    (command,) = run(sessions.recorded, facts={SessionRecord: wrong})

    assert command.startswith("install -m 664 -g utmp /dev/null /run/utmp 2>/dev/null || install")
    assert run(sessions.recorded, facts={SessionRecord: ""}) == []


def test_what_is_done_inside_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    An empty file that its group may write.
    """
    path: Any = tmp_path / "utmp"
    path.write_text("old")
    monkeypatch.setattr(sessions, "UTMP", path)

    assert sessions._made().code == 0  # noqa: SLF001
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("", 0o664)
