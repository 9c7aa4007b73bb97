"""
Seccomp profiles that refuse system calls: SSH comes up wherever sshd by itself would.
"""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from .conftest import KeyPair, Slipway

Start = Callable[..., Slipway]

EPERM, ENOSYS = 1, 38
# Calls that others stand in for, or that are nice to have
OTHERWISE = [("chmod", EPERM), ("mkdir", ENOSYS), ("setsid", EPERM)]
WITHOUT_SUPERVISORD = ["link+linkat", "connect"]
ASK = "for word in check converge health status doctor; do slipway $word; done 2>&1"


def refusing(calls: list[str], number: int) -> str:
    """
    Return an option of Docker's, with a profile that allows all else.
    """
    refused = {"names": calls, "action": "SCMP_ACT_ERRNO", "errnoRet": number}
    return f"seccomp={json.dumps({'defaultAction': 'SCMP_ACT_ALLOW', 'syscalls': [refused]})}"


@pytest.mark.parametrize(("call", "number"), OTHERWISE)
def test_what_is_refused_is_done_otherwise(
    start: Start, key: KeyPair, call: str, number: int
) -> None:
    """
    Healthy, with the slow host key, and nothing to change.
    """
    slipway = start(environment={"SSH_PUBKEY": key.public}, security_opt=[refusing([call], number)])
    slipway.wait_ssh(key)
    report = slipway.wait_converged()
    slipway.wait_host_keys()
    slipway.wait_healthy()

    assert report["totals"]["failed"] == 0
    assert slipway.exec("slipway", "check").code == 0
    assert "Traceback" not in slipway.exec("sh", "-c", ASK).stdout + slipway.logs()


@pytest.mark.parametrize("calls", WITHOUT_SUPERVISORD)
def test_where_supervisord_can_not_be_had_sshd_runs_by_itself(
    start: Start, key: KeyPair, calls: str
) -> None:
    """
    The owner gets in, and health says what he does without.
    """
    slipway = start(
        environment={"SSH_PUBKEY": key.public},
        security_opt=[refusing(calls.split("+"), EPERM)],
    )
    slipway.wait_ssh(key)
    health = slipway.health()

    assert health.code == 1
    assert "supervisord" in health.stdout
    assert "sshd runs by itself, without supervisord" in slipway.logs()
    assert "Traceback" not in slipway.exec("sh", "-c", ASK).stdout + slipway.logs()


NO_ATTRIBUTES = 3
ATTRIBUTES = """
cd /root/.ssh && chmod 666 authorized_keys && chattr +a authorized_keys || exit 3
echo mine > /etc/motd && chattr +i /etc/motd
"""


def test_what_root_can_not_change_is_named_and_costs_nothing(start: Start, key: KeyPair) -> None:
    """
    An authorized_keys that sshd ignores for its mode: the keys are used from elsewhere.
    """
    slipway = start(environment={"SSH_PUBKEY": key.public}, cap_add=["LINUX_IMMUTABLE"])
    slipway.wait_ssh(key)
    slipway.wait_converged()
    slipway.wait_host_keys()
    if slipway.exec("sh", "-c", ATTRIBUTES).code == NO_ATTRIBUTES:
        pytest.skip("this filesystem has no such attributes")
    check, converge = slipway.exec("slipway", "check"), slipway.exec("slipway", "converge")
    again, login = slipway.exec("slipway", "check"), slipway.ssh(key, "true")
    slipway.exec("chattr", "-ia", "/root/.ssh/authorized_keys", "/etc/motd")

    assert (check.code, converge.code, again.code, login.code) == (2, 0, 0, 0)
    assert "/etc/motd: is immutable (chattr +i)" in converge.stdout
    assert "can only be appended to (chattr +a)" in converge.stdout
