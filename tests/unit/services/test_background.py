"""
Work that outlives whoever asks for it: real processes.
"""

from __future__ import annotations

import errno
import os
import subprocess
import time
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
    monkeypatch.setattr(background, "_WHEN_CONVERGED", "true")
    return tmp_path


def test_a_host_key_is_made_under_its_lock_once(places: Path) -> None:
    """
    The lock is held when it returns, until the work is done; a second one is refused.
    """
    background.make_host_key()
    assert locks.is_held(places / "lock")
    with pytest.raises(background.UnderWay):
        background.make_host_key()
    (places / "go").write_text("it\n")
    with locks.hold(places / "lock"):
        assert (places / "sshd.log").read_text() == "made it\n"


@pytest.mark.parametrize("number", [errno.EPERM, errno.ENOSYS])
@pytest.mark.parametrize("call", ["flock", "setsid", "setpriority"])
def test_it_is_made_where_a_call_is_refused(
    places: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    """
    A seccomp profile may know no locks, no sessions or no priorities.
    """

    def refuse(*_words: object, **_options: object) -> None:
        raise OSError(number, os.strerror(number))

    if call == "flock":
        monkeypatch.setattr(locks, "flock", refuse)
    if call == "setsid":
        real = subprocess.Popen
        monkeypatch.setattr(
            subprocess,
            "Popen",
            lambda words, *, start_new_session=False, **options: (
                refuse() if start_new_session else real(words, **options)
            ),
        )
    if call == "setpriority":
        (places / "nice").write_text("#!/bin/sh\nexit 125\n")
        (places / "nice").chmod(0o700)
        monkeypatch.setenv("PATH", f"{places}:{os.environ['PATH']}")
    background.make_host_key()
    (places / "go").write_text("it\n")
    deadline = time.monotonic() + 10
    while (places / "sshd.log").read_text() != "made it\n":
        assert time.monotonic() < deadline
