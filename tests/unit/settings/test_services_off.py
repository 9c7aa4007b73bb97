"""
SLIPWAY_SERVICES_OFF: programs that don't start by themselves.
"""

from __future__ import annotations

import pytest

from slipway.contract.paths import own_program_names
from slipway.contract.refusal import Refusal
from slipway.settings.load import load

NAME = "SLIPWAY_SERVICES_OFF"
KNOWN = {"web", "db", "pair", "sshd", "cron"}
LIST, OWN = "must be NAME or GROUP:NAME, with commas between", "which is Slipway's own"


@pytest.mark.parametrize(
    ("given", "programs", "rule"),
    [
        ("", (), ""),
        (" , ,", (), ""),
        ("web", ("web",), ""),
        ("web, db,web", ("web", "db"), ""),
        ("web,___db", ("web", "db"), ""),
        ("pair:two", ("pair:two",), ""),
        ("web;db", ("web;db",), "names no program of this container: web;db"),
        ("web,wbe", ("web", "wbe"), "names no program of this container: wbe"),
        ("pear:two", ("pear:two",), "names no program of this container: pear:two"),
        ("web db", (), LIST),
        ("web,a/b", ("web",), LIST),
        ("web,a:b:c", ("web",), LIST),
        ("web,\x1b[31m", ("web",), LIST),
        ("sshd", (), f"must not name sshd, {OWN}"),
        ("web,cron,sshd", ("web",), f"must not name cron, sshd, {OWN}"),
        ("remote-far", (), f"must not name remote-far, {OWN}"),
    ],
)
def test_a_list_of_programs_is_read(given: str, programs: tuple[str, ...], rule: str) -> None:
    """
    What is wrong of it is refused by name, and the rest is used.
    """
    loaded = load({NAME: given}, programs=lambda: KNOWN)

    assert loaded.settings.services_off == programs
    effect = "others are switched off"
    assert loaded.refusals == ((Refusal(NAME, rule, effect),) if rule else ())


def test_where_programs_can_not_be_known_none_is_unknown() -> None:
    """
    A container that is seen from outside.
    """
    assert load({NAME: "web"}).refusals == ()


def test_slipways_own_programs_stay_on() -> None:
    """
    All of them are named in the rule.
    """
    for name in own_program_names():
        assert load({NAME: name}, programs=lambda: KNOWN).settings.services_off == ()
