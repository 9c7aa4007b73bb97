"""
Rules for values, through a variable that has each.
"""

from __future__ import annotations

import pytest

from slipway.contract.refusal import Refusal
from slipway.settings.load import load
from tests.unit.settings.conftest import refused


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", False),
        *[(word, True) for word in ("1", "true", "TRUE", "Yes", "on", " true ")],
        *[(word, False) for word in ("0", "false", "False", "no", "OFF")],
    ],
)
def test_booleans(value: str, expected: bool) -> None:  # noqa: FBT001 - a parameter of a test
    """
    1/0, true/false, yes/no, on/off in any case; empty is false.
    """
    loaded = load({"SKIP_ACL": value})

    assert (loaded.settings.skip_acl, loaded.refusals) == (expected, ())


def test_another_word_is_no_boolean() -> None:
    """
    Refused with the rule and what happens instead; only its own concern is touched.
    """
    loaded = load({"SKIP_ACL": "maybe", "GPU_COUNT": "2"})

    assert loaded.refusals == (Refusal("SKIP_ACL", "must be true or false", "false is used"),)
    assert (loaded.settings.skip_acl, loaded.settings.gpu_count) == (False, 2)


@pytest.mark.parametrize(("value", "expected"), [("", None), ("0", 0), ("8", 8), (" 2 ", 2)])
def test_a_count(value: str, expected: int | None) -> None:
    """
    A whole number; none for no limit.
    """
    assert load({"GPU_COUNT": value}).settings.gpu_count == expected


@pytest.mark.parametrize("value", ["abc", "-1", "1.5", "1e3", "١", "0x2", "9" * 40, "2 3", "all"])
def test_no_count(value: str) -> None:
    """
    Anything else is refused, digits of other scripts and absurd sizes included.
    """
    loaded = load({"GPU_COUNT": value})

    assert (loaded.settings.gpu_count, refused(loaded)) == (None, ["GPU_COUNT"])


def test_a_number_may_have_a_least() -> None:
    """
    Which the rule names.
    """
    (refusal,) = load({"SLIPWAY_DRAIN_SECONDS": "-1"}).refusals

    assert refusal.rule == "must be a whole number, 0 or more"


@pytest.mark.parametrize("value", ["localhost:2222", "203.0.113.7:40022", "[2001:db8::1]:22"])
def test_an_address(value: str) -> None:
    """
    Host and port; IPv6 in brackets.
    """
    assert load({"SLIPWAY_SSH_ADDRESS": value}).settings.ssh_address == value


@pytest.mark.parametrize(
    "value", ["x", ":22", "h:", "h:0", "h:65536", "-oProxy:1", "$(x):1", "h :1"]
)
def test_no_address(value: str) -> None:
    """
    It becomes part of a line to copy into a shell.
    """
    loaded = load({"SLIPWAY_SSH_ADDRESS": value})
    rule = "must be host:port"

    assert loaded.settings.ssh_address == ""
    assert loaded.refusals == (Refusal("SLIPWAY_SSH_ADDRESS", rule, "it is ignored"),)
