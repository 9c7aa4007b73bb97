"""
What PAM says of a session.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from slipway.ssh import pam, pam_session
from slipway.ssh.pam import Refusal

OPENED = "account\nsession\n"
LIMITS = "PAM's session has no room for a shell: see /etc/security/limits.conf and limits.d"


@pytest.mark.parametrize(
    ("said", "refusal"),
    [
        (f"{OPENED}shell\ndone\n", None),
        ("unknown\n", None),
        ("", None),
        (
            "account\naccount\t6\tPermission denied\n",
            Refusal("PAM refuses it (account): Permission denied", is_chosen=True),
        ),
        (
            "account\naccount\t28\tModule is unknown\n",
            Refusal("PAM refuses it (account): Module is unknown", is_chosen=False),
        ),
        (
            f"{OPENED}session\t14\tCannot make an entry\n",
            Refusal("PAM refuses it (session): Cannot make an entry", is_chosen=False),
        ),
        (
            f"{OPENED}session\t6\tPermission denied\n",
            Refusal("PAM refuses it (session): Permission denied", is_chosen=False),
        ),
        (OPENED, Refusal("PAM ends it (session)", is_chosen=False)),
        (f"{OPENED}shell\n", Refusal(LIMITS, is_chosen=False)),
    ],
)
def test_what_pam_says_is_told(said: str, refusal: Refusal | None) -> None:
    """
    A rule's refusal is somebody's choice; a module that is missing, or a session that ends, is not.
    """
    assert pam.parse(said, rules=["a", "b"]) == refusal


NOLOGIN, UNIX = "account required pam_nologin.so", "account [success=1 default=ignore] pam_unix.so"
COMMON = f"{UNIX}\naccount requisite pam_deny.so\naccount required pam_permit.so\n"


@pytest.mark.parametrize(
    ("sshd", "common", "rules"),
    [
        (f"{NOLOGIN}\n@include common-account\n", COMMON, []),
        (f"{NOLOGIN}\naccount include common-account\n", COMMON, []),
        (NOLOGIN, "", []),
        ("", "", []),
        ("account required pam_deny.so\n@include common-account", COMMON, ["sshd line 1"]),
        ("# x\n-account required pam_access.so # x", "", ["sshd line 2"]),
        (
            "@include common-account\naccount required pam_time.so",
            f"{COMMON}account required /lib/pam_sss.so",
            ["common-account line 4", "sshd line 2"],
        ),
        ("@include sshd\naccount [default=die] pam_succeed_if.so uid >= 1000", "", None),
        ("auth required pam_deny.so\nsession required pam_deny.so", "", []),
        ("@include no-such\n@include", "", []),
    ],
)
def test_the_rules_that_somebody_made_are_told_from_the_distributions(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    sshd: str,
    common: str,
    rules: list[str] | None,
) -> None:
    """
    Without one nobody wants it so: a file was emptied, or is cut off.
    """
    monkeypatch.setattr(pam, "_NO_LOGIN", [str(tmp_path / "nologin")])
    (tmp_path / "sshd").write_text(sshd)
    (tmp_path / "common-account").write_text(common)
    found = pam.account_rules(tmp_path)
    refusal = pam.parse("account\naccount\t6\tPermission denied\n", rules=found)

    assert rules is None or found == [f"{tmp_path}/{rule}" for rule in rules]
    assert refusal
    assert refusal.is_chosen is bool(found)
    assert refusal.place == (found[0] if len(found) == 1 else "")


def test_a_closed_container_is_somebodys_rule(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tmp_path / "nologin"
    monkeypatch.setattr(pam, "_NO_LOGIN", [str(closed)])
    closed.touch()

    assert pam.account_rules(tmp_path) == [str(closed)]


def test_a_process_that_can_not_ask_says_nothing(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """
    An image without PAM has no rule of it.
    """
    monkeypatch.setattr(pam_session, "_LIBRARY", "libno-such.so.0")
    pam_session.main("root", "203.0.113.7", "/bin/sh")

    assert pam.parse(capfd.readouterr().out) is None
