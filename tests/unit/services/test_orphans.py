"""
What a killed supervisord leaves behind, with real processes.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from slipway.contract import paths
from slipway.services import orphans


@pytest.fixture(autouse=True)
def processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """
    A file of our own.
    """
    monkeypatch.setattr(paths, "PROCESSES", tmp_path / "processes")
    monkeypatch.setattr(orphans, "PATIENCE", 0.3)
    orphans.remember(set())
    return tmp_path / "processes"


@pytest.fixture(params=["", "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); "])
def orphan(request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[bytes]]:
    """
    A process that ends at a TERM, and one that doesn't.
    """
    script = f"{request.param}print(flush=True); import time; time.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    yield process
    process.kill()
    process.wait()
    process.stdout.close()


def test_what_was_left_is_ended(orphan: subprocess.Popen[bytes]) -> None:
    """
    By TERM, or by KILL.
    """
    orphans.remember({orphan.pid})
    orphans.end()

    assert orphan.wait(5) in (-signal.SIGTERM, -signal.SIGKILL)


def test_a_number_that_is_anothers_by_now_is_left_alone(
    orphan: subprocess.Popen[bytes], processes: Path
) -> None:
    """
    The same pid with another start time, and one that is nobody's.
    """
    processes.write_text(f"{orphan.pid} 12345\n999999999 1\n")
    orphans.end()

    assert orphan.poll() is None


def test_nothing_remembered_is_nothing_to_do(processes: Path) -> None:
    """
    A first start.
    """
    processes.unlink(missing_ok=True)
    orphans.end()

    assert not processes.exists()


def test_it_is_written_when_it_changes(processes: Path) -> None:
    """
    Every round of supervisord asks; the file is written only for another set of processes.
    """
    orphans.remember({os.getpid()})
    assert processes.read_text() == f"{os.getpid()} {orphans.began(os.getpid())}\n"
    processes.unlink()
    orphans.remember({os.getpid()})

    assert not processes.exists()
