"""
cron runs exactly while there is a crontab.
"""

from __future__ import annotations

import pytest

from slipway.facts.cron import CrontabIsThere
from slipway.facts.supervisor import Program, Supervisord, SupervisordState
from slipway.operations import cron
from tests.unit.conftest import Run


def supervisord(state: str) -> Supervisord:
    return Supervisord({"cron": Program(state, 1, autostart=False)}, [], [], [], broken="")


@pytest.mark.parametrize(
    ("state", "is_there", "word"),
    [
        ("STOPPED", True, "startProcess"),
        ("EXITED", True, "startProcess"),
        ("RUNNING", True, ""),
        ("STARTING", True, ""),
        ("RUNNING", False, "stopProcess"),
        ("STOPPED", False, ""),
    ],
)
def test_it_follows_the_crontabs(run: Run, state: str, word: str, *, is_there: bool) -> None:
    """
    Whatever ran before.
    """
    facts = {SupervisordState: supervisord(state), CrontabIsThere: is_there}
    commands = run(cron.daemon, facts=facts)

    assert [word in command for command in commands] == ([True] if word else [])


@pytest.mark.parametrize(
    "state", [None, Supervisord({}, [], [], [], broken="")], ids=["an image", "no such program"]
)
def test_without_supervision_nothing_is_done(run: Run, state: Supervisord | None) -> None:
    """
    An image, or a file that somebody has taken away.
    """
    assert run(cron.daemon, facts={SupervisordState: state, CrontabIsThere: True}) == []
