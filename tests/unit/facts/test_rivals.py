"""
Packages that can't be installed beside one another.
"""

from __future__ import annotations

import shutil

import pytest

from slipway.facts.rivals import Relations, Rivals, merged
from tests.unit.facts.conftest import ask

# As Debian 12 has them: the package, what it conflicts with and breaks, what it provides
FUSE3 = "fuse3\t, fuse\tfuse (= 3.14.0-4)"
PING = "iputils-ping\t, \tping"
CRON = "cron\tbcron, cronie, systemd-cron, \tcron-daemon"
SUDO = "sudo\tsudo-ldap, \t"
GPG = "gpg\t, gnupg (<< 2.1.21-4)\t"
NOTED = [FUSE3, PING, CRON, SUDO, GPG]


@pytest.mark.parametrize(
    ("missing", "installed", "expected"),
    [
        ("fuse3", "fuse\t, \t", {"fuse3": "fuse"}),
        ("iputils-ping", "inetutils-ping\tping, \tping", {"iputils-ping": "inetutils-ping"}),
        ("cron", "systemd-cron\tanacron, bcron, cron, \tcron-daemon", {"cron": "systemd-cron"}),
        ("cron", "bcron\tbcron (<< 0.11-10), cron, \tcron-daemon", {"cron": "bcron"}),
        ("sudo", "sudo-ldap\tsudo, \tsudo", {"sudo": "sudo-ldap"}),
        ("curl", "curl-minimal\tcurl:any, \t", {"curl": "curl-minimal"}),  # nothing is noted
        ("x", "y\t, \t", {}),
        ("gpg", "gnupg\t, \t", {}),  # an older one only
        ("cron", "cronutils\t, cron (<< 2)\tcron-daemon", {}),
        ("cron", "cron\tbcron, \tcron-daemon", {}),  # it is there, by now
        ("tree", "fuse3\t, fuse\t", {}),
    ],
)
def test_what_is_there_tells_what_cannot_be(
    missing: str, installed: str, expected: dict[str, str]
) -> None:
    """
    Whichever of the two says so, of the other or of what that provides.
    """
    output = ["--", missing, *NOTED, f"installed\t{installed}", "config-files\tfuse9\tfuse3, \t"]

    assert Rivals().process(output) == expected


def test_what_was_noted_of_a_package_that_is_gone_stays() -> None:
    assert merged([PING], [FUSE3, "iputils-ping\told\t"]) == f"{FUSE3}\n{PING}\n"


@pytest.mark.skipif(shutil.which("dpkg-query") is None, reason="not made of Debian's packages")
def test_dpkg_says_what_it_knows() -> None:
    """
    Of a package that is there; names are words, whatever is in them.
    """
    (line,) = ask(Relations(), packages=["dpkg", "no-such-package"])

    assert line.startswith("dpkg\t")
    assert line.count("\t") == 2
    assert ask(Rivals(), packages=["no-such-package", "$(exit 3)"]) == {}
