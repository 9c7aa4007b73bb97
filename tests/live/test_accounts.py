"""
root's account as somebody has left it: the key opens a session, or health names the file and line.

Each row spoils a file of one running container, asks health, logs in, and mends it again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest

from .conftest import KeyPair, Slipway, wait_until

Start = Callable[..., Slipway]

PATIENCE = 4  # seconds for a login
PASSWD, SHADOW, RULES = "/etc/passwd", "/etc/shadow", "/etc/pam.d/sshd"


class Row(NamedTuple):
    """
    A file, the command that spoils it, and what comes of that.
    """

    path: str
    spoil: str
    words: str = "healthy\n"  # in health's line
    opens: bool = False
    is_ill: bool = True


def edited(path: str, script: str, words: str, *, is_ill: bool = True) -> Row:
    """
    Return a row with a file that sed has changed, so that nobody logs in.
    """
    return Row(path, f"sed -i '{script}' {path}", words, is_ill=is_ill)


def harmless(path: str, script: str) -> Row:
    """
    Return a row with a file that sed has changed, and everybody logs in.
    """
    return Row(path, f"sed -i '{script}' {path}", opens=True, is_ill=False)


LINE_1 = f"({PASSWD} line 1)"
ROWS = {
    "passwd, without a shell": harmless(PASSWD, "s,^root:.*,root:x:0:0:root:/root,"),
    "passwd, a blank before it": harmless(PASSWD, "s,^root, root,"),
    "passwd, NIS": harmless(PASSWD, "1i +::::::"),
    "passwd, a second root": harmless(PASSWD, "$a root:x:0:0::/nope:/bin/false"),
    "passwd, CRLF": edited(PASSWD, r"s/$/\r/", "/bin/bash\r does not exist (/etc/passwd)"),
    "passwd, no group": edited(PASSWD, "s/^root:x:0:0/root:x:0:/", LINE_1),
    "passwd, a byte order mark": edited(PASSWD, r"1s/^/\xef\xbb\xbf/", f"no user root ({PASSWD})"),
    "passwd, empty": Row(PASSWD, f": > {PASSWD}", f"there is no user root ({PASSWD})"),
    "shadow, CRLF": edited(SHADOW, r"s/$/\r/", f"no valid line there, and PAM wants one ({SHADOW}"),
    "shadow, cut off": edited(SHADOW, "s/^root:.*/root:*:1/", f"({SHADOW} line 1)"),
    "PAM, emptied": Row(
        "/etc/pam.d/common-account", ": > /etc/pam.d/common-account", "PAM refuses it (account)"
    ),
    "PAM, a rule": edited(
        RULES,
        "1i account required pam_succeed_if.so uid >= 1000",
        f"({RULES} line 1)",
        is_ill=False,
    ),
    "nsswitch": edited(
        "/etc/nsswitch.conf", "s/^passwd:.*/passwd: ldap/", "does not find him (/etc/nsswitch.conf)"
    ),
}
HOMES = {
    "absent": "/no/such",
    "another's": "/opt/theirs",
    "read-only": "/sys",
    "a file": "/etc/hostname",
    "none": "",
}


@pytest.fixture(scope="module")
def slipway(slipway: Slipway) -> Slipway:
    """
    A container that is well, with a place of somebody else's.
    """
    slipway.check_output("install", "-d", "-o", "1000", "-m", "777", "/opt/theirs")
    slipway.wait_healthy()
    return slipway


@pytest.mark.parametrize("name", ROWS)
def test_an_account_that_nobody_can_use_is_named(slipway: Slipway, key: KeyPair, name: str) -> None:
    """
    By file, and by line where a line is bad; what the C library takes costs nothing.
    """
    row = ROWS[name]
    try:
        slipway.check_output("sh", "-c", f"cp -p {row.path} /tmp/kept; {row.spoil}")
        health, opened = slipway.health(), slipway.opens_within(PATIENCE, key)
    finally:
        slipway.check_output("cp", "-p", "/tmp/kept", row.path)

    assert opened is row.opens
    assert row.words in health.stdout
    assert health.code == int(row.is_ill), health
    wait_until(lambda: slipway.health().stdout == "healthy\n", f"healthy: {slipway.health()}")


@pytest.mark.parametrize("name", HOMES)
def test_the_keys_count_wherever_the_home_is(slipway: Slipway, key: KeyPair, name: str) -> None:
    """
    Health says what to do, and after that all is well.
    """
    line = f"s,^root:.*,root:x:0:0:root:{HOMES[name]}:/bin/bash,"
    try:
        slipway.check_output("sh", "-c", f"cp -p {PASSWD} /tmp/kept; sed -i '{line}' {PASSWD}")
        before = slipway.health()
        check = slipway.exec("slipway", "check")
        slipway.converge()
        opened, health = slipway.opens_within(PATIENCE, key), slipway.health()
        again = slipway.exec("slipway", "check")
    finally:
        slipway.check_output("cp", "-p", "/tmp/kept", PASSWD)
        slipway.converge()

    assert before.code == 1, before
    assert check.code == 2
    assert "/var/lib/slipway/authorized_keys: 1 key missing" in check.stdout
    assert opened
    assert health.code == 0, health
    assert again.code == 0, again
    assert slipway.exec("test", "-s", "/var/lib/slipway/authorized_keys").code == 1
    assert slipway.opens_within(PATIENCE, key)
