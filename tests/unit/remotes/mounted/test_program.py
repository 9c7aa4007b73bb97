"""
The program behind a mount: real processes and signals; a stand-in for rclone, and no FUSE.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from slipway.remotes import states
from slipway.remotes.states import State

from .conftest import Cache, metadata

PATIENCE = 30.0  # seconds: machines are shared
HERE = Path(__file__).parent
PLAN = {
    "mounts": True,
    "answers": True,  # the remote, when it is asked
    "queue": 0,  # files that wait for their upload
    "uploads": True,  # when it is told to hurry
    "stops": True,  # when it is told to
    "writes": "",  # a file that somebody writes into the mount point before it is mounted
    "ends": 0,  # with this code, at once
}


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """
    Return once a condition is true; fails the test when that takes too long.
    """
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            pytest.fail(f"still not: {what}")
        time.sleep(0.01)


class Far:
    """
    A remote, its program, and all that both of them see.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.point = root / "w/remote/far"
        self.cache = Cache(root / "w/remote/.cache/far")
        self.programs: list[subprocess.Popen[bytes]] = []
        (root / "w").mkdir()
        (root / "mountinfo").touch()
        os.mkfifo(root / "ready")
        self.plan()
        words = f"exec '{sys.executable}' '{HERE / 'stand_in_rclone.py'}' '{root}'"
        for name, script in (
            ("rclone", f'{words} "$@"'),
            ("umount", f"[ \"$1\" != -l ] || : > '{root}/mountinfo'"),
        ):
            (root / name).write_text(f"#!/bin/sh\n{script}\n")
            (root / name).chmod(0o755)

    def plan(self, **different: Any) -> None:
        """
        Say what rclone does.
        """
        (self.root / "new").write_text(json.dumps({**PLAN, **different}))
        (self.root / "new").rename(self.root / "plan")

    def start(self, *, drain_seconds: int = 30) -> subprocess.Popen[bytes]:
        """
        Start the program.
        """
        with (self.root / "log").open("ab") as log:
            program = subprocess.Popen(
                [sys.executable, HERE / "mount_program.py", self.root, str(drain_seconds)],
                env={**os.environ, "PATH": f"{self.root}:{os.environ['PATH']}"},
                stderr=log,
            )
        self.programs.append(program)
        return program

    def stop(self, number: int = signal.SIGTERM) -> int:
        """
        Tell the program to stop; returns its exit code.
        """
        self.programs[-1].send_signal(number)
        return self.programs[-1].wait(PATIENCE)

    def state(self) -> State:
        """
        Return what the program says of the remote.
        """
        return states.read("far")

    def wait(self, detail: str = "") -> int:
        """
        Wait until the program says this, by default that all is well; returns rclone's pid.
        """
        wait_until(lambda: detail in self.state().detail if detail else self.is_well(), detail)
        return self.state().pid

    def wait_tries(self, number: int) -> None:
        """
        Wait until the program has said so often how it is.
        """
        (file,) = self.root.glob("run/*.json")
        times = set()

        def are_seen() -> bool:
            times.add(file.stat().st_mtime_ns)
            return len(times) >= number

        wait_until(are_seen, f"{number} tries")

    def is_well(self) -> bool:
        """
        Tell whether the remote is mounted and answers.
        """
        return bool(self.state().pid) and not self.state().detail

    def did(self) -> list[str]:
        """
        Return what rclone has done.
        """
        file = self.root / "did"
        return file.read_text().splitlines() if file.exists() else []

    def log(self) -> list[str]:
        """
        Return what the programs have said.
        """
        return (self.root / "log").read_text().splitlines()


@pytest.fixture
def far(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Far]:
    """
    One that is not mounted yet.
    """
    monkeypatch.setattr(states, "DIRECTORY", tmp_path / "run")
    made = Far(tmp_path)
    yield made
    for program in made.programs:
        program.kill()
        program.wait()


def is_alive(pid: int) -> bool:
    """
    Tell whether a process runs.
    """
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_what_waits_is_uploaded_at_once_where_room_is_short(far: Far) -> None:
    """
    Only what is uploaded can be dropped from the cache. It is said once, and when it is over.
    """
    far.start()
    far.wait()
    far.plan(queue=2)
    (far.root / "short").touch()
    wait_until(lambda: {"uploads 0", "uploads 1"} <= set(far.did()), "uploads")
    (far.root / "short").unlink()
    over = "slipway: far: its cache has room"
    wait_until(lambda: far.log()[-1] == over, "it is over")

    short = "slipway: far: its cache is short of room: 1 MiB is free"
    assert far.log() == ["slipway: far answers", short, over]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_uploads_what_waits_and_unmounts(far: Far, number: int) -> None:
    """
    In this order; rclone has ended, and the program ends with 0.
    """
    far.start()
    pid = far.wait()
    far.plan(queue=2)
    assert far.stop(number) == 0

    assert far.did() == ["mounts", "uploads 0", "uploads 1", "is told to stop"]
    assert not is_alive(pid)
    assert far.state() == State(0, "is stopped", 0)
    assert far.log() == ["slipway: far answers"]


def test_what_waited_through_a_kill_is_uploaded_at_once(far: Far) -> None:
    """
    By itself rclone would wait for five seconds more. It is asked from now on how many wait.
    """
    far.cache.put("far/f", b"0123456789", metadata(10, [(0, 10)], dirty=True))
    far.plan(queue=2)
    far.start()
    far.wait()

    assert far.state().pending is None
    wait_until(lambda: far.did() == ["mounts", "uploads 0", "uploads 1"], "both are uploaded")


def test_a_stop_past_its_bound_says_what_is_left(far: Far) -> None:
    """
    In the log, with the place, and to `status`.
    """
    far.plan(queue=3, uploads=False)
    far.start(drain_seconds=0)
    far.wait()
    assert far.stop() == 0

    place = far.cache.root
    assert f"slipway: 3 files are not uploaded yet; they stay in {place} for the next start" in (
        far.log()
    )
    assert far.state() == State(0, "is stopped", 3)


def test_an_rclone_that_does_not_unmount_is_killed(far: Far) -> None:
    """
    Somebody sits in the mount. It is taken away then, as nobody serves it.
    """
    far.plan(stops=False)
    far.start()
    pid = far.wait()
    (far.root / "stale").touch()
    assert far.stop() == 0

    assert far.did()[-1] == "is told to stop"
    assert not is_alive(pid)
    assert (far.root / "mountinfo").read_text() == ""


def test_a_stop_while_rclone_connects_ends_it(far: Far) -> None:
    """
    What waits in the cache is told by the program as long as rclone can't be asked.
    """
    far.cache.put("far/f", b"0123456789", metadata(10, [(0, 10)], dirty=True))
    far.plan(mounts=False)
    far.start()
    wait_until(lambda: far.state().pid > 0, "rclone has been started")
    assert far.state() == State(far.state().pid, State().detail, 1)
    pid = far.state().pid
    assert far.stop() == 0

    assert not is_alive(pid)
    assert far.state().detail == "is stopped"


def test_an_rclone_that_ends_is_started_again(far: Far) -> None:
    """
    As often as it takes; the log says each time why it ended.
    """
    far.plan(mounts=False, ends=3)
    far.start()
    wait_until(lambda: len(far.did()) > 2, "three starts")
    far.plan()
    far.wait()

    *ends, last = far.log()
    assert ends == ["slipway: rclone ended with 3"] * (len(far.did()) - 1)
    assert last == "slipway: far answers"


def test_files_are_not_hidden(far: Far) -> None:
    """
    Until they are moved away rclone is not even started; said once, however often it is tried.
    """
    far.point.mkdir(parents=True)
    (far.point / "mine").touch()
    far.start()
    far.wait("has files in it")
    far.wait_tries(3)
    assert far.did() == []
    (far.point / "mine").rename(far.root / "mine")
    far.wait()

    complaint = f"{far.point} has files in it, which a mount would hide; move them away"
    assert far.log() == [f"slipway: {complaint}", "slipway: far answers"]


def test_files_that_came_while_rclone_connected_are_not_hidden(far: Far) -> None:
    """
    The mount is taken away again.
    """
    far.plan(writes="mine")
    far.start()
    far.wait("has files in it")

    assert far.did() == ["mounts", "is told to stop"]
    assert (far.point / "mine").exists()
    assert (far.root / "mountinfo").read_text() == ""


OTHERS = {
    "tmpfs": "has something else mounted; unmount it, or rename the remote",
    "fuse.rclone": "is mounted by another container, and used from here, too",
}


@pytest.mark.parametrize("kind", OTHERS)
def test_what_is_mounted_there_is_left_alone(far: Far, kind: str) -> None:
    """
    Until it is gone.
    """
    far.point.mkdir(parents=True)
    (far.root / "mountinfo").write_text(f"1 2 0:3 / {far.point} rw - {kind} x rw\n")
    far.start()
    far.wait(OTHERS[kind])
    assert far.did() == []
    assert (far.root / "mountinfo").read_text() != ""
    (far.root / "mountinfo").write_text("")
    far.wait()

    assert far.log() == [f"slipway: {far.point} {OTHERS[kind]}", "slipway: far answers"]


def test_a_workspace_that_can_not_be_used_is_named(far: Far) -> None:
    """
    With the path and the reason; once it can be, the remote is mounted.
    """
    (far.root / "w/remote").touch()
    far.start()
    far.wait("Not a directory")
    assert far.log() == [f"slipway: {far.cache.root}: Not a directory"]
    (far.root / "w/remote").unlink()
    far.wait()


def test_whether_the_remote_answers_is_said_when_it_changes(far: Far) -> None:
    """
    It is asked all the time.
    """
    far.start()
    pid = far.wait()
    far.plan(answers=False)
    assert far.wait("does not answer") == pid
    far.plan()
    assert far.wait() == pid

    assert far.log() == [
        "slipway: far answers",
        "slipway: far does not answer",
        "slipway: far answers",
    ]


def test_a_second_program_of_a_remote_is_refused(far: Far) -> None:
    """
    The first one goes on.
    """
    far.start()
    pid = far.wait()
    assert far.start().wait(PATIENCE) == 1

    assert far.log() == [
        "slipway: far answers",
        "slipway: far has such a program already: `supervisorctl restart remote-far`",
    ]
    assert (far.wait(), far.did()) == (pid, ["mounts"])


def test_rclone_dies_with_a_program_that_is_killed(far: Far) -> None:
    """
    The next program has the same cache.
    """
    program = far.start()
    pid = far.wait()
    program.kill()
    program.wait()
    wait_until(lambda: not is_alive(pid), "rclone is dead")
    (far.root / "mountinfo").write_text("")
    far.start()
    wait_until(lambda: far.is_well() and far.state().pid != pid, "mounted again")

    assert sorted(path.name for path in far.cache.root.parent.iterdir()) == ["far"]


@pytest.mark.parametrize("is_ours", [True, False])
def test_an_rclone_that_was_left_is_ended(far: Far, is_ours: bool) -> None:  # noqa: FBT001
    """
    Its number may be another process's by now: that one lives.
    """
    word = str(states.socket_of("far")) if is_ours else "another"
    left = subprocess.Popen(["sh", "-c", "read line", word], stdin=subprocess.PIPE)
    states.write("far", State(left.pid, ""))
    far.start()
    wait_until(lambda: far.is_well() and far.state().pid != left.pid, "mounted")
    was_alive = left.poll() is None
    left.kill()
    left.communicate()

    assert was_alive is not is_ours
