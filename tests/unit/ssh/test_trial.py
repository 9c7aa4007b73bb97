"""
What a login of our own says, and how its outcome is shared.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from slipway.contract import paths
from slipway.ssh import configuration, trial
from slipway.ssh.configuration import Line, Written
from slipway.ssh.situation import Situation
from slipway.ssh.trial import Outcome
from slipway.system import locks

LISTS = [
    Line("/etc/ssh/sshd_config.d/00-a.conf", 3, "ciphers", ("3des-cbc",)),
    Line("/etc/ssh/sshd_config.d/00-a.conf", 4, "kexalgorithms", ("diffie-hellman-group1-sha1",)),
]
NO_CIPHER = "Unable to negotiate with 127.0.0.1 port 22: no matching cipher found. Their offer: "


@pytest.fixture
def situation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Situation:
    """
    An sshd that reads the file of our own logins, in a place of its own.
    """
    for name in ("TRIALS_LOCK", "KEPT", "TRIED"):
        monkeypatch.setattr(paths, name, tmp_path / name.lower())
    monkeypatch.setattr(paths, "TRIAL", tmp_path / "trial")
    monkeypatch.setattr(paths, "TRIALS", tmp_path / "trial/keys")
    monkeypatch.setattr(trial, "_proved", lambda *_: Outcome(works=False, words="tried"))
    authorized = [str(paths.TRIALS / "root")]
    return Situation([], [22], [("127.0.0.1", 22)], has_key=True, authorized=authorized)


@pytest.mark.parametrize(
    ("words", "what", "place", "is_chosen"),
    [
        (f"{NO_CIPHER}3des-cbc", "Ciphers leaves nothing", "00-a.conf line 3", True),
        (
            f"{NO_CIPHER.replace('cipher', 'key exchange method')}diffie-hellman-group1-sha1",
            "KexAlgorithms leaves nothing",
            "00-a.conf line 4",
            True,
        ),
        (f"{NO_CIPHER.replace('cipher', 'MAC')}hmac-md5", "own failed: Unable", "", False),
        (NO_CIPHER, "own failed: Unable", "", False),
        ("root@127.0.0.1: Permission denied (publickey).", "Permission denied", "", False),
        ("it had not ended after 1.5 s", "it had not ended", "", False),
    ],
)
def test_a_list_of_algorithms_is_somebodys_choice(
    monkeypatch: pytest.MonkeyPatch,
    words: str,
    what: str,
    place: str,
    is_chosen: bool,  # noqa: FBT001
) -> None:
    monkeypatch.setattr(configuration, "read", lambda: Written(LISTS, []))
    found = trial.obstacle(Outcome(works=False, words=words))

    assert what in found.what
    assert found.place.endswith(place)
    assert found.is_chosen is is_chosen
    assert found.refuses


@pytest.mark.parametrize(
    "change",
    [
        lambda found: found._replace(authorized=["/root/.ssh/authorized_keys"]),
        lambda found: found._replace(authorized=[]),
        lambda found: found._replace(listening=[]),
    ],
)
def test_what_can_not_be_tried_is_not_known(
    situation: Situation, change: Callable[[Situation], Situation]
) -> None:
    found = trial.prove(change(situation), deadline=time.monotonic() + 4)

    assert not found.is_known
    assert not trial.attempt(change(situation)).works


def test_without_time_nothing_is_tried(situation: Situation) -> None:
    assert not trial.prove(situation, deadline=time.monotonic() + 1).is_known


def test_who_waits_for_another_takes_his_outcome(
    situation: Situation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    One that hangs takes longer than there is time for two.
    """
    paths.KEPT.mkdir()
    held = locks.take(paths.TRIALS_LOCK)
    assert held
    theirs = Outcome(works=False, words="theirs", has_ended=False)

    def end(_seconds: float) -> None:
        paths.TRIED.write_text(json.dumps(theirs))
        later = time.time_ns() + 10**9
        os.utime(paths.TRIED, ns=(later, later))
        held.close()

    monkeypatch.setattr(time, "sleep", end)

    assert trial.prove(situation, deadline=time.monotonic() + 4) == theirs


def test_one_who_never_ends_is_not_waited_for(situation: Situation) -> None:
    held = locks.take(paths.TRIALS_LOCK)
    assert held

    assert not trial.prove(situation, deadline=time.monotonic() + 0.6).is_known
    held.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="files have to be root's")
def test_an_outcome_of_earlier_does_not_count(
    situation: Situation, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """
    And nothing of the key is left.
    """
    monkeypatch.setattr("slipway.ssh.trial_key.PLACE", tmp_path / "place")
    paths.KEPT.mkdir()
    paths.TRIED.write_text(json.dumps(Outcome(works=True, words="")))
    os.utime(paths.TRIED, (1, 1))

    assert trial.prove(situation, deadline=time.monotonic() + 4).words == "tried"
    assert list(paths.TRIALS.iterdir()) == []
    assert not (tmp_path / "place").exists()
    assert json.loads(paths.TRIED.read_text())[1] == "tried"
