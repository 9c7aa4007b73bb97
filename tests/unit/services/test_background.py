"""
Work that outlives whoever asks for it: real processes.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from slipway.contract import paths
from slipway.services import background
from slipway.system import locks


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """
    The paths that it uses, and a program that waits until somebody writes to `go`.
    """
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\nread line < {tmp_path}/go; echo made $line\n")
    program.chmod(0o700)
    subprocess.run(["mkfifo", tmp_path / "go"], check=True)
    monkeypatch.setattr(paths, "PYTHON", [str(program)])
    monkeypatch.setattr(paths, "HOST_KEY_LOCK", tmp_path / "lock")
    monkeypatch.setattr(paths, "LOGS", tmp_path)
    monkeypatch.setattr(background, "_WHEN_CONVERGED", 'exec "$0" "$@"')
    return tmp_path


def test_a_host_key_is_made_under_its_lock_once(places: Path) -> None:
    """
    The lock is held when it returns, until the work is done; a second one is refused.
    """
    background.make_host_key()
    assert locks.is_held(places / "lock")
    with pytest.raises(subprocess.CalledProcessError):
        background.make_host_key()
    (places / "go").write_text("it\n")
    with locks.hold(places / "lock"):
        assert (places / "sshd.log").read_text() == "made it\n"
