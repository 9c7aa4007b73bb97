"""
Crontabs: whether there is one.
"""

from __future__ import annotations

import pytest

from slipway.facts.cron import CrontabIsThere
from slipway.services.cron import present
from tests.unit.facts.conftest import ask


@pytest.mark.parametrize("is_there", [True, False])
def test_a_crontab_is_there_or_not(monkeypatch: pytest.MonkeyPatch, *, is_there: bool) -> None:
    """
    As cron's own module says; here the process asks it itself.
    """
    monkeypatch.setattr(present, "wanted", lambda: is_there)
    fact = CrontabIsThere()
    said = fact.command().act().stdout  # type: ignore[attr-defined]  # it is Inside

    assert bool(said) == is_there
    assert fact.process(said.decode().split()) == is_there


def test_another_process_says_the_same() -> None:
    """
    What this machine has.
    """
    assert ask(CrontabIsThere()) == present.wanted()
