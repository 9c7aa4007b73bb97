"""
SLIPWAY_USER and SLIPWAY_ROOT_LOGIN: names that every program takes, numbers, and no lock-out.
"""

from __future__ import annotations

import pytest

from slipway.settings.load import load
from slipway.settings.login_user import LoginUser

GOOD = {
    "": None,
    "___": None,
    "  ": None,
    "alice": LoginUser("alice"),
    "alice___": LoginUser("alice"),
    "alice\n": LoginUser("alice"),
    "_a-b_9": LoginUser("_a-b_9"),
    "a" * 32: LoginUser("a" * 32),
    "alice:1": LoginUser("alice", 1),
    "alice:01000": LoginUser("alice", 1000),
    "alice:1000:100": LoginUser("alice", 1000, 100),
    "alice:4294967294": LoginUser("alice", 4294967294),
    "workspace": LoginUser("workspace"),
    "workspace:1000": LoginUser("workspace", 1000),
    "daemon": LoginUser("daemon"),  # whether the image has such an account is seen in it
}
FORM = "must be name[:uid[:gid]] or workspace, with a name of up to 32 of a-z, 0-9, _ and -"
ANOTHER = "must be somebody else than root, whose login SLIPWAY_ROOT_LOGIN is about"
NUMBERS = "must have a number from 1 to 4294967294 for uid and for gid"
BAD = {
    "Alice": FORM,
    "1alice": FORM,
    "1000": FORM,
    "1000:1000": FORM,
    "-alice": FORM,
    "al ice": FORM,
    "al___ice": FORM,
    "al/ice": FORM,
    "../alice": FORM,
    "al.ice": FORM,
    "alice,bob": FORM,
    "alice\nroot": FORM,
    "al*": FORM,
    "!alice": FORM,
    "$(id)": FORM,
    "älice": FORM,
    "ａlice": FORM,
    "a" * 33: FORM,
    ":": FORM,
    ":1000": FORM,
    "root": ANOTHER,
    "root:1000": ANOTHER,
    "alice:0": ANOTHER,
    "alice:00:5": ANOTHER,
    "alice:": NUMBERS,
    "alice::100": NUMBERS,
    "alice:1000:": NUMBERS,
    "alice:1000:0": NUMBERS,
    "alice:-1": NUMBERS,
    "alice:65535": NUMBERS,
    "alice:4294967295": NUMBERS,
    "alice:99999999999": NUMBERS,
    "alice:1e3": NUMBERS,
    "alice:١٠٠٠": NUMBERS,
    "alice:1:2:3": NUMBERS,
    "alice:bob": NUMBERS,
}


@pytest.mark.parametrize("given", GOOD)
def test_a_login_that_can_be_had(given: str) -> None:
    loaded = load({"SLIPWAY_USER": given})

    assert loaded.settings.user == GOOD[given]
    assert loaded.refusals == ()


@pytest.mark.parametrize("given", BAD)
def test_what_is_no_login_is_refused_by_its_rule(given: str) -> None:
    """
    The rule is said, and the value is not.
    """
    loaded = load({"SLIPWAY_USER": given})
    (refusal,) = loaded.refusals

    assert loaded.settings.user is None
    assert (refusal.variable, refusal.effect) == ("SLIPWAY_USER", "it is ignored")
    assert refusal.rule == BAD[given]


@pytest.mark.parametrize(("given", "shown"), [("", "root alone"), ("a:5:6", "a:5:6"), ("a", "a")])
def test_a_person_sees_what_was_asked_for(given: str, shown: str) -> None:
    rows = {row.name: row.value for row in load({"SLIPWAY_USER": given}).table()}

    assert rows["SLIPWAY_USER"] == shown


@pytest.mark.parametrize(
    ("user", "root", "stays", "refused"),
    [
        ("alice", "false", False, []),
        ("alice", "", True, []),
        ("workspace", "off", False, []),
        ("", "false", True, ["SLIPWAY_ROOT_LOGIN"]),
        ("root", "no", True, ["SLIPWAY_ROOT_LOGIN", "SLIPWAY_USER"]),
        ("Alice", "0", True, ["SLIPWAY_ROOT_LOGIN", "SLIPWAY_USER"]),
        ("alice", "never", True, ["SLIPWAY_ROOT_LOGIN"]),
        ("", "true", True, []),
    ],
)
def test_nobody_is_locked_out(user: str, root: str, stays: bool, refused: list[str]) -> None:  # noqa: FBT001
    """
    Root's login goes only where another takes its place.
    """
    loaded = load({"SLIPWAY_USER": user, "SLIPWAY_ROOT_LOGIN": root})

    assert loaded.settings.root_login is stays
    assert sorted(refusal.variable for refusal in loaded.refusals) == refused
