"""
What PAM says of a session.
"""

from __future__ import annotations

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
    assert pam.parse(said) == refusal


def test_a_process_that_can_not_ask_says_nothing(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """
    An image without PAM has no rule of it.
    """
    monkeypatch.setattr(pam_session, "_LIBRARY", "libno-such.so.0")
    pam_session.main("root", "203.0.113.7", "/bin/sh")

    assert pam.parse(capfd.readouterr().out) is None
