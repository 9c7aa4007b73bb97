"""
What each remote is doing, told without touching a mount.
"""

from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import Any

import pytest

from slipway.contract import paths, report
from slipway.operations import remotes
from slipway.remotes import states
from slipway.remotes.states import State
from slipway.services import first_process
from tests.unit.conftest import isolated


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """
    A container's directories.
    """
    monkeypatch.setattr(states, "DIRECTORY", tmp_path / "run")
    monkeypatch.setattr(paths, "SUPERVISOR_PROGRAMS", tmp_path)
    monkeypatch.setattr(report, "boot", lambda: "1")
    monkeypatch.setattr(first_process, "warning", lambda: "")
    return tmp_path


def configure(place: Path, name: str, kind: str = "mount") -> None:
    """
    Lay a program's file as the operation does.
    """
    text = remotes.configuration(name, [kind, "--", name], 5, "")
    (place / f"{remotes.program(name)}.conf").write_text(text)


@pytest.mark.parametrize("name", ["far", "a b", "ü", "n" * 300])
def test_every_configured_remote_is_listed(place: Path, name: str) -> None:
    """
    Also one whose program has not said anything, and whose mount is not there.
    """
    configure(place, name)
    (place / "remote-mine.conf").write_text("[program:remote-mine]\n")
    (remote,) = states.gather("/w")

    assert (remote.name, remote.point) == (name, f"/w/remote/{name}")
    assert (remote.mounted, remote.pending, remote.pid) == (False, None, 0)
    assert states.notes("/w") == [f"remote {name} is starting"]
    states.write(name, State(7, "does not answer"))
    assert states.notes("/w") == [f"remote {name} does not answer"]


def test_a_mount_that_is_gone_is_noted(place: Path) -> None:
    """
    Whatever its program last said; a copied remote needs no mount.
    """
    for name, kind in (("far", "mount"), ("copied", "sync")):
        configure(place, name, kind)
        states.write(name, State(7, ""))

    assert states.notes("/w") == ["remote far is not mounted"]


def test_a_first_process_that_ends_nothing_in_order_is_noted(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Where there are remotes, whose uploads it would cut off.
    """
    monkeypatch.setattr(first_process, "warning", lambda: "PID 1 is sleep")
    assert states.notes("/w") == []
    configure(place, "far")
    states.write("far", State(7, "does not answer"))

    assert states.notes("/w") == ["remote far does not answer", "PID 1 is sleep"]


def test_what_was_said_before_a_restart_is_old(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    /run outlives it.
    """
    states.write("far", State(7, "", 3))
    assert states.read("far") == State(7, "", 3)
    monkeypatch.setattr(report, "boot", lambda: "2")

    assert states.read("far") == State()


def test_long_names_have_files_of_their_own(place: Path) -> None:
    """
    And sockets, whose paths are short (unix(7)).
    """
    names = ["n" * length for length in (39, 40, 41, 300, 301)]
    sockets = {states.socket_of(name) for name in names}

    assert len(sockets) == len(names)
    assert max(len(f"/run/slipway/rclone/{path.name}") for path in sockets) < 107


def test_silent_ones_cost_a_second_together(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Ten rclones that take the question and never answer.
    """
    points = frozenset(f"/w/remote/{number}" for number in range(10))
    text = "".join(f"1 1 0:1 / {point} rw - fuse.rclone x rw\n" for point in points)
    monkeypatch.setattr(Path, "read_text", _instead(text))
    (place / "run").mkdir()
    listeners = []
    for number in range(10):
        configure(place, str(number))
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(states.socket_of(str(number))))
        listener.listen()
        listeners.append(listener)
    began = time.monotonic()
    found = states.gather("/w")
    seconds = time.monotonic() - began
    for listener in listeners:
        listener.close()

    assert [remote.mounted for remote in found] == [True] * 10
    assert [remote.pending for remote in found] == [None] * 10
    assert 0.5 < seconds < 5


def test_no_thread_is_needed(place: Path) -> None:
    """
    A seccomp profile without clone3, or a limit on processes, allows none.
    """
    code = f"""
import sys, threading
def none(*_): raise RuntimeError("can't start new thread")
threading.Thread.start = none
from pathlib import Path
from slipway.remotes import rc
print(rc.pending_of_all([Path({str(place / "nobody")!r})], seconds=1.0))
"""

    assert isolated(code) == "{}\n"


def _instead(mountinfo: str) -> Any:
    real = Path.read_text

    def read(path: Path, **options: str) -> str:
        return mountinfo if str(path) == "/proc/self/mountinfo" else real(path, **options)

    return read
