"""
A verdict is kept exactly until what it came from changes.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from slipway.contract import paths
from slipway.ssh import situation, verdict
from slipway.ssh.login import Obstacle
from slipway.ssh.situation import Seen, Situation

FOUND = Situation(
    [Obstacle("PermitRootLogin no", "/x line 1")], [2222], [("127.0.0.1", 2222)], True
)


class Judge:
    """
    Stands in for what reads and judges, and counts how often it is asked.
    """

    def __init__(self, place: Path) -> None:
        self.asked = 0
        self.file = place / "sshd_config"
        self.folder = place / "conf.d"
        self.absent = place / "absent"
        self.home = place / "home"

    def __call__(self, _user: str) -> Seen:
        """Judge."""
        self.asked += 1
        contents = [str(self.file), str(self.folder), str(self.absent)]
        return Seen(FOUND, contents, [str(self.home)])


@pytest.fixture
def judge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Judge:
    """
    Files that have not changed of late, and a process with all capabilities.
    """
    judge = Judge(tmp_path)
    judge.file.write_text("x")
    judge.folder.mkdir()
    judge.home.mkdir(mode=0o700)
    monkeypatch.setattr(paths, "LOGIN", tmp_path / "login.json")
    monkeypatch.setattr(situation, "judged", judge)
    monkeypatch.setattr(verdict, "_SETTLED", 0)
    settled()
    return judge


def settled() -> None:
    """
    Wait for the clock's next tick: what has changed before it is known to have.
    """
    begun = time.time_ns()
    while time.time_ns() < begun + 20_000_000:
        pass


def test_it_is_judged_once(judge: Judge) -> None:
    first, second = verdict.look(keep=True), verdict.look(keep=True)

    assert judge.asked == 1
    assert first == second
    assert first.obstacles[0] == FOUND.obstacles[0]
    assert oct(paths.LOGIN.stat().st_mode)[-3:] == "600"


def test_only_who_keeps_it_writes(judge: Judge) -> None:
    verdict.look(keep=False)

    assert not paths.LOGIN.exists()


@pytest.mark.parametrize(
    "change",
    [
        lambda judge: judge.file.write_text("y"),
        lambda judge: judge.file.unlink(),
        lambda judge: os.utime(judge.file, (0, 0)),
        lambda judge: (judge.folder / "a").touch(),
        lambda judge: judge.absent.touch(),
        lambda judge: judge.home.chmod(0o777),
        lambda _judge: paths.LOGIN.write_text("{}"),
        lambda _judge: paths.LOGIN.write_text(""),
        lambda _judge: paths.LOGIN.write_text("[1]"),
        lambda _judge: paths.LOGIN.unlink(),
    ],
)
def test_a_change_is_judged_anew(judge: Judge, change: object) -> None:
    verdict.look(keep=True)
    assert callable(change)
    change(judge)
    verdict.look(keep=True)

    assert judge.asked == 2


def test_what_is_in_the_home_directory_does_not_matter(judge: Judge) -> None:
    """
    A shell's history is written there all the time.
    """
    verdict.look(keep=True)
    (judge.home / ".bash_history").touch()
    verdict.look(keep=True)

    assert judge.asked == 1


def test_a_file_that_changed_just_now_may_do_so_again(
    judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verdict, "_SETTLED", 10**12)
    verdict.look(keep=True)

    assert not paths.LOGIN.exists()


def test_a_configuration_that_can_not_be_used_keeps_sshd_from_starting(
    judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    One that runs goes on as it is.
    """
    unusable = Obstacle(f"{situation.UNUSABLE}x", refuses=False, is_chosen=False)
    seen = judge("root")
    seen = seen._replace(situation=seen.situation._replace(obstacles=[unusable]))
    monkeypatch.setattr(situation, "judged", lambda _user: seen)

    assert not verdict.look(keep=False, pid=0).is_possible
    assert verdict.look(keep=False, pid=os.getpid()).is_possible
