"""
The record of who is logged in is there, and of this start.
"""

from __future__ import annotations

import subprocess
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

    assert "; install -T -m 664 -g utmp /dev/null /run/utmp 2>/dev/null || install -T" in command
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


@pytest.mark.parametrize("is_shell", [False, True])
@pytest.mark.parametrize(
    "odd", ["mkdir -p utmp/inside", "ln -s theirs utmp", "mkfifo utmp", "true"]
)
def test_what_is_in_its_place_is_nobodys_loss(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, odd: str, *, is_shell: bool
) -> None:
    """
    A directory is kept beside it, and what a link leads to stays as it is.
    """
    path: Any = tmp_path / "utmp"
    (tmp_path / "theirs").write_text("theirs")
    subprocess.run(["sh", "-ec", odd], check=True, cwd=tmp_path)
    monkeypatch.setattr(sessions, "UTMP", path)
    if is_shell:
        (command,) = run(sessions.recorded, facts={SessionRecord: "missing"})
        subprocess.run(["sh", "-ec", command], check=True)
    else:
        assert sessions._made().code == 0  # noqa: SLF001

    assert path.is_file()
    assert not path.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o664
    assert (tmp_path / "theirs").read_text() == "theirs"
    assert ("inside" in odd) == (tmp_path / "utmp.replaced/inside").is_dir()
