"""
A verdict is kept exactly until what it came from changes.
"""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from slipway.contract import paths
from slipway.ssh import banner, pam, situation, terminal, trial, verdict
from slipway.ssh.login import Obstacle
from slipway.ssh.situation import Seen, Situation
from slipway.ssh.trial import Outcome

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


@pytest.fixture
def proofs(judge: Judge, monkeypatch: pytest.MonkeyPatch) -> list[Outcome]:
    """
    What logins of our own come to, the last one for good; nothing stands against one.
    """
    seen = judge("root")
    found = seen.situation._replace(obstacles=[], admits_us=True)
    monkeypatch.setattr(situation, "judged", lambda _user: seen._replace(situation=found))
    monkeypatch.setattr(pam, "refusal", lambda *_, **__: None)
    monkeypatch.setattr(verdict, "_of_terminals", list)
    monkeypatch.setattr(verdict, "_of_capabilities", lambda *_: [])
    monkeypatch.setattr(terminal, "begin", lambda *_: None)
    monkeypatch.setattr(terminal, "look", lambda *_, **__: [])
    monkeypatch.setattr(terminal, "is_settled", lambda *_: True)
    outcomes: list[Outcome] = []
    told = []

    def prove(_situation: Situation, *, deadline: float) -> Outcome:
        told.append(deadline)
        return outcomes.pop(0) if len(outcomes) > 1 else outcomes[0]

    monkeypatch.setattr(trial, "prove", prove)
    return outcomes


def said(*, pid: int | None = 1) -> str:
    """
    Return what stands against a login, and whether supervisord may keep that.
    """
    words = " ".join(map(str, verdict.look(keep=True, pid=pid).obstacles))
    return f"{words}; {'kept' if verdict.rests_on() else 'asked again'}"


FAILS = "root can't log in: a login of Slipway's own failed: x; asked again"


@pytest.mark.parametrize(
    ("outcomes", "lines"),
    [
        ([Outcome(True, "")], ["; kept", "; kept"]),
        ([Outcome(False, "x"), Outcome(True, "")], [FAILS, "; kept"]),
        ([Outcome(False, "x")], [FAILS, FAILS]),
        ([Outcome(False, "x", is_known=False)], ["; asked again", "; asked again"]),
        ([Outcome(False, "x", has_ended=False)], [FAILS, FAILS]),
    ],
)
def test_a_login_of_our_own_proves_it(
    proofs: list[Outcome], outcomes: list[Outcome], lines: list[str]
) -> None:
    """
    Once for each verdict; one that fails is tried each time, for nobody tells what may mend it.
    """
    proofs += outcomes

    assert [said(), said()] == lines


@pytest.mark.parametrize(
    "error", [OSError(28, "full"), subprocess.CalledProcessError(1, "ssh-keygen")]
)
def test_what_can_not_be_tried_ends_no_verdict(
    proofs: list[Outcome], monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def prove(_situation: Situation, *, deadline: float) -> Outcome:
        assert deadline
        raise error

    assert proofs == []
    monkeypatch.setattr(trial, "prove", prove)

    assert said() == "; asked again"


NO_PROMPT = Obstacle("no session has a terminal: x", refuses=False, is_chosen=False)


@pytest.mark.parametrize(
    ("outcome", "is_settled", "line"),
    [
        (Outcome(True, ""), True, "no session has a terminal: x; kept"),
        (Outcome(True, ""), False, "no session has a terminal: x; asked again"),
        (Outcome(False, "x"), True, FAILS),  # the greater trouble
    ],
)
def test_a_terminal_is_proved_besides(
    proofs: list[Outcome],
    monkeypatch: pytest.MonkeyPatch,
    outcome: Outcome,
    is_settled: bool,  # noqa: FBT001
    line: str,
) -> None:
    proofs.append(outcome)
    monkeypatch.setattr(terminal, "look", lambda *_, **__: [NO_PROMPT])
    monkeypatch.setattr(terminal, "is_settled", lambda *_: is_settled)

    assert said() == line


def test_where_a_terminal_is_known_to_fail_no_more_is_said(
    proofs: list[Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    proofs.append(Outcome(True, ""))
    monkeypatch.setattr(verdict, "_of_terminals", lambda: [NO_PROMPT])
    monkeypatch.setattr(terminal, "look", None)

    assert said() == "no session has a terminal: x; kept"


def test_where_no_sshd_runs_nothing_is_proved(proofs: list[Outcome]) -> None:
    """
    A start's own verdict is proved when health asks.
    """
    proofs.append(Outcome(False, "x"))

    assert [said(pid=None), said(pid=0), said()] == ["; asked again", "; asked again", FAILS]


def test_what_pam_has_against_this_machine_alone_is_no_obstacle(
    proofs: list[Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    proofs.append(Outcome(False, "x"))
    asked = []

    def refusal(user: str, *, address: str, shell: str) -> pam.Refusal:
        asked.append((user, address, shell))
        return pam.Refusal("PAM refuses it", is_chosen=True)

    monkeypatch.setattr(pam, "refusal", refusal)

    assert said() == "; asked again"
    assert asked == [("root", banner.ADDRESS, "")]


def test_without_a_terminal_to_be_had_it_is_said(
    judge: Judge, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> tuple[int, int]:
        raise OSError(28, "No space left on device")

    assert judge
    monkeypatch.setattr(os, "openpty", fail)
    found = [each for each in verdict.look(keep=True).obstacles if "terminal" in each.what]

    assert [(each.refuses, each.is_chosen) for each in found] == [(False, False)]
    assert "No space left" in found[0].what


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
