"""
What people do with any machine of theirs is neither drift nor a fault, before and after a restart.

The rows share one container, one after the other: none of them takes back what it did.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from .conftest import KeyPair, Slipway, wait_until

Start = Callable[..., Slipway]

APT = "DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install"
SSHD_D = "/etc/ssh/sshd_config.d"
CHOSEN = {"fuse3": "fuse", "iputils-ping": "inetutils-ping"}
MATCH = "Match Address 10.0.0.0/8\\n PermitRootLogin no\\nMatch User bob\\n X11Forwarding no"

# What is done
ROWS = {
    "packages that exclude ours": f"{APT} {' '.join(CHOSEN.values())}",
    "supervisor of the distribution": f"{APT} supervisor </dev/null",
    "files for every service": f"{APT} logrotate rsyslog libpam-systemd",
    "sshd's package anew": (
        f"{APT} --reinstall openssh-server; dpkg-reconfigure -fnoninteractive openssh-server"
    ),
    "a platform's host keys": "ssh-keygen -A",
    "root's password": "echo root:secret | chpasswd",
    "a user": "useradd -m bob; echo bob:secret | chpasswd; usermod -aG sudo bob",
    "sshd's service": "service ssh restart; service ssh status | grep RUNNING",
    "sshd's service, stopped": "service ssh stop; service ssh start",
    "cron's service": "echo '0 0 1 1 * true' | crontab -; service cron start; service cron restart",
    "supervisor's service": "service supervisor restart; ! service supervisor stop",
    "rotated logs": (
        "printf '/var/log/supervisor/*.log {\\n rotate 2\\n copytruncate\\n}\\n'"
        " > /etc/logrotate.d/own; logrotate -f /etc/logrotate.d/own"
    ),
    "umask 077": "umask 077; rm /etc/motd; slipway converge",
    "a source that is gone, a package half configured": (
        "echo 'deb http://127.0.0.1:9/debian nowhere main' > /etc/apt/sources.list.d/own.list;"
        "mkdir -p /tmp/own/DEBIAN; printf 'Package: own\\nVersion: 1\\nArchitecture: all\\n"
        "Maintainer: x <x@x>\\nDescription: x\\n' > /tmp/own/DEBIAN/control;"
        "printf '#!/bin/sh\\nexit 1\\n' > /tmp/own/DEBIAN/postinst;"
        "chmod 755 /tmp/own/DEBIAN/postinst; dpkg-deb -b /tmp/own; ! dpkg -i /tmp/own.deb;"
        "dpkg --purge htop; slipway converge; command -v htop; ! dpkg --configure -a"
    ),
}


@pytest.fixture(scope="module")
def slipway(module_start: Start, key: KeyPair) -> Slipway:
    """
    A container with a remote.
    """
    slipway = module_start(
        environment={
            "SSH_PUBKEY": key.public,
            "RCLONE_CONFIG_BOX_TYPE": "alias",
            "RCLONE_CONFIG_BOX_REMOTE": "/srv",
        },
        devices=["/dev/fuse"],
        cap_add=["SYS_ADMIN"],
        security_opt=["apparmor:unconfined"],
    )
    slipway.wait_ssh(key)
    slipway.wait_host_keys()
    slipway.wait_healthy()
    slipway.check_output("apt-get", "-q", "update")
    return slipway


@pytest.mark.parametrize("row", ROWS)
def test_what_is_right_is_no_fault(slipway: Slipway, key: KeyPair, row: str) -> None:
    """
    Nothing would change, nothing is changed, and health says nothing but that all is well.
    """
    script = f"set -e\n{ROWS[row]}"
    done = slipway.exec("sh", "-c", script)
    wait_until(lambda: slipway.health().stdout == "healthy\n", f"healthy: {slipway.health()}")
    # supervisord looks for crontabs every five seconds, and a package may have brought one
    wait_until(lambda: "cron" not in slipway.exec("slipway", "check").stdout, "cron runs")
    check = slipway.exec("slipway", "check")
    totals = slipway.converge()["totals"]

    assert done.code == 0, done
    assert (check.code, check.stdout) == (0, "nothing would change\n")
    assert (totals["changed"], totals["failed"]) == (0, 0)
    assert slipway.opens_within(10, key)


def test_all_of_it_holds_after_a_restart(slipway: Slipway, key: KeyPair) -> None:
    """
    The specs as well; what was chosen instead of ours is named, and serves the remote.
    """
    slipway.restart()
    slipway.wait_ssh(key)
    mounted = ("mountpoint", "-q", "/workspace/remote/box")
    wait_until(lambda: slipway.exec(*mounted).code == 0, "a mount with fuse 2")
    wait_until(lambda: slipway.health().stdout == "healthy\n", f"healthy: {slipway.health()}")
    verify = slipway.exec("slipway", "verify")
    report = slipway.report()
    assert report

    assert verify.code == 0, verify.stdout
    for name, rival in CHOSEN.items():
        assert f"chosen: {name} not installed, as it can't be beside {rival}" in verify.stdout
        assert slipway.exec("dpkg-query", "-W", rival).code == 0
    assert {note["variable"] for note in report["notes"]} == CHOSEN.keys()
    assert report["degraded"] == []
    assert slipway.exec("slipway", "check").stdout == "nothing would change\n"


def test_a_killed_mount_comes_back_with_fuse_2(slipway: Slipway) -> None:
    slipway.check_output("sh", "-c", "kill -KILL $(pidof rclone)")
    listed = ("ls", "/workspace/remote/box")
    wait_until(lambda: slipway.exec(*listed).code == 0, "mounted again")


def test_the_line_that_limits_is_named(slipway: Slipway) -> None:
    """
    That of the Match block, wherever ours stands.
    """
    slipway.check_output("sh", "-c", f"printf '{MATCH}\\n' > {SSHD_D}/90-own.conf")
    slipway.check_output("service", "ssh", "restart")
    health = slipway.health()
    slipway.check_output("rm", f"{SSHD_D}/90-own.conf")
    slipway.check_output("service", "ssh", "restart")

    assert health.stdout == (
        f"healthy (not from 10.0.0.0/8: PermitRootLogin no ({SSHD_D}/90-own.conf line 2))\n"
    )


def test_what_no_container_starts_without_is_not_removed_by_the_way(slipway: Slipway) -> None:
    """
    A person is asked to say so in words, a script is refused.
    """
    for name in ("tini", "python3"):
        assert slipway.exec("apt-get", "-y", "remove", name).code == 100
