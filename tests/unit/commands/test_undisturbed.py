"""
A look beside a convergence: what is half done is not taken for drift, and nobody waits for a look.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from slipway.commands import undisturbed
from slipway.contract import paths, report
from slipway.environment import main_process
from slipway.system import locks
from tests.unit.conftest import reported

ENTRYPOINT = b"/opt/slipway/venv/bin/python3\0-I\0-m\0slipway.commands.entrypoint\0"
HOLD = """
import fcntl, sys
stream = open(sys.argv[1], "ab")
fcntl.flock(stream, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.readline()
open(sys.argv[2], "w").write(sys.argv[3])
"""


@pytest.fixture(autouse=True)
def places(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """
    The contract's paths, below a directory of the test's, and little patience.
    """
    for name in ("LOCK", "REPORT", "UNFINISHED", "SSHD_RSA_KEY"):
        monkeypatch.setattr(paths, name, tmp_path / name.lower())
    monkeypatch.setattr(undisturbed, "PATIENCE", 0.4)
    monkeypatch.setattr(undisturbed, "BEGINNING", 0.4)
    monkeypatch.setattr(undisturbed, "_SOON", 0.1)


@contextmanager
def convergence(leaves: Path) -> Iterator[Callable[[], None]]:
    """
    Another process that holds the lock until it is told to write a file and end.
    """
    words = [sys.executable, "-c", HOLD, str(paths.LOCK), str(leaves), "done"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdin
        assert other.stdout
        assert other.stdout.readline() == "held\n"

        def end() -> None:
            other.communicate("\n")

        yield end
        other.kill()


def test_where_nobody_converges_one_look_is_enough(capfd: pytest.CaptureFixture[str]) -> None:
    """
    Nothing is said, and no lock's file is made.
    """
    looks: list[int] = []
    undisturbed.looked(lambda: looks.append(1))

    assert looks == [1]
    assert capfd.readouterr().err == ""
    assert not paths.LOCK.exists()


def test_a_convergence_is_waited_for(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    What is seen is what it has left; that there is a wait is said when it takes long.
    """
    monkeypatch.setattr(undisturbed, "PATIENCE", 60.0)
    with convergence(tmp_path / "left") as end:
        said: list[str] = []

        def say(what: str) -> None:
            said.append(what)
            end()

        monkeypatch.setattr(undisturbed, "_say", say)

        assert undisturbed.looked((tmp_path / "left").read_text) == "done"
    assert said == ["a convergence runs here: waiting for its end"]
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("name", ["REPORT", "SSHD_RSA_KEY"])
def test_one_that_has_run_meanwhile_makes_a_second_look(
    name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    """
    That of a convergence, or of the maker of the slow host key.
    """
    looks: list[int] = []

    def look() -> int:
        looks.append(1)
        if len(looks) == 1:
            with convergence(getattr(paths, name)) as end:
                end()
        return len(looks)

    assert undisturbed.looked(look) == 2
    assert "looking once more" in capfd.readouterr().err


def test_one_that_runs_at_the_end_of_a_look_is_waited_for(tmp_path: Path) -> None:
    """
    It had begun during the look.
    """
    looks: list[bool] = []
    with convergence(tmp_path / "left") as end:

        def look() -> None:
            looks.append((tmp_path / "left").exists())

        paths.LOCK.rename(tmp_path / "held")

        def first() -> None:
            look()
            if len(looks) == 1:
                (tmp_path / "held").rename(paths.LOCK)
                end()
                paths.REPORT.touch()

        undisturbed.looked(first)
    assert looks == [False, True]


def test_patience_has_an_end(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """
    Then it looks all the same, once, and says so.
    """
    looks: list[int] = []
    with convergence(tmp_path / "left"):
        undisturbed.looked(lambda: looks.append(1))

    assert looks == [1]
    assert "runs here still" in capfd.readouterr().err


def test_a_look_keeps_no_lock() -> None:
    """
    A convergence that begins during it does not wait.
    """
    paths.LOCK.touch()
    taken: list[bool] = []

    def look() -> None:
        stream = locks.take(paths.LOCK)
        taken.append(stream is not None)
        if stream:
            stream.close()

    undisturbed.looked(look)

    assert taken == [True]


@pytest.mark.parametrize(
    ("main", "boot", "cut_off", "waits"),
    [
        (ENTRYPOINT, None, False, True),
        (ENTRYPOINT, "before", False, True),
        (ENTRYPOINT, "", False, False),
        (ENTRYPOINT, None, True, False),  # begun, and cut off: nobody begins another
        (b"sleep\x001000\0", None, False, False),
    ],
)
def test_the_convergence_of_a_start_is_waited_for_before_it_begins(
    monkeypatch: pytest.MonkeyPatch, main: bytes, boot: str | None, *, cut_off: bool, waits: bool
) -> None:
    """
    But not where our entrypoint begins none.
    """
    monkeypatch.setattr(main_process, "command_line", lambda: main)
    naps: list[float] = []

    def nap(seconds: float) -> None:
        naps.append(seconds)
        reported(boot=report.boot()).save()

    monkeypatch.setattr(time, "sleep", nap)
    if boot is not None:
        reported(boot=boot or report.boot()).save()
    if cut_off:
        paths.UNFINISHED.touch()
    undisturbed.looked(lambda: None)

    assert bool(naps) is waits
