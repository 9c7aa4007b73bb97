"""
Every path of the contract, broken in eight ways: a check says so, a convergence mends it, and the
key opens a session.

What is mounted is not ours to mend: it stays as it is. Mounts are made from within, so that one
container serves many rows, and a row has all paths that don't hide each other.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from slipway.contract import paths

from .conftest import KeyPair, Slipway

Start = Callable[..., Slipway]

DIRECTORIES = [
    paths.RUN, paths.SSH, paths.SSHD_DROP_INS, paths.SSHD_CHROOT, paths.LOGS, paths.STATE,
    paths.SUPERVISOR_PROGRAMS, paths.SUPERVISORD_CONF.parent, paths.PROFILE.parent,
    paths.WORKSPACE, paths.HOME, paths.AUTHORIZED_KEYS.parent,
]  # fmt: skip
FILES = [
    paths.ENVIRONMENT, paths.SSHD_ENVIRONMENT, paths.SHELL_ENVIRONMENT, paths.LOCK, paths.REPORT,
    paths.UNFINISHED, paths.DEVICES, paths.PROCESSES, paths.HOST_KEY_LOCK, paths.SSHD_OPTIONS,
    paths.SSHD_CONFIG, paths.SSHD_ALGORITHMS, paths.SSHD_RSA_KEY, paths.MODULI, paths.SSHD_PID,
    paths.SSHD_DROP_INS / "00-slipway.conf", paths.SSH / "ssh_host_ed25519_key",
    paths.SSH / "ssh_host_ed25519_key.pub", paths.SSH / "ssh_host_rsa_key", paths.BASHRC,
    paths.PROFILE, paths.BELONGS_TO, paths.KEYS_RECORD, paths.KEYS_FALLBACK,
    paths.SUPERVISORD_CONF, paths.SUPERVISOR_PROGRAMS / "sshd.conf",
    paths.SUPERVISOR_PROGRAMS / "cron.conf", paths.AUTHORIZED_KEYS, paths.AUTHORIZED_KEYS_MOUNT,
    paths.RCLONE_CONF, Path("/etc/motd"), Path("/etc/nsswitch.conf"),
    paths.COMMANDS / "logtail.sh", paths.COMMANDS / "supervisorctl",
]  # fmt: skip

BREAKS = {
    "absent": "rm -rf {path}",
    "empty": "rm -rf {path}; {make_empty}",
    "a directory": "rm -rf {path}; mkdir -p {path}/inside",
    "a file": "rm -rf {path}; mkdir -p $(dirname {path}); echo else > {path}",
    "a dangling link": "rm -rf {path}; mkdir -p $(dirname {path}); ln -s /nowhere{path} {path}",
    "of another owner": "[ ! -e {path} ] || chown -R 1000:1000 {path}",
    "open to all": "[ ! -e {path} ] || chmod -R 777 {path}",
}
COPY = "mkdir -p /tmp/copy$(dirname {path}); cp -aL {path} /tmp/copy{path}"
MOUNTS = {
    "mounted": f"{COPY}; mount --bind /tmp/copy{{path}} {{path}}",
    "mounted read-only": f"{COPY}; mount --bind /tmp/copy{{path}} {{path}}; "
    "mount -o remount,bind,ro {path}",
}
# Paths that are broken together: none lies below another
TOGETHER: dict[str, list[Path]] = {
    "/run/slipway": [paths.RUN],
    "/etc/ssh": [paths.SSH],
    "/etc/supervisor": [paths.SUPERVISORD_CONF.parent],
    "/root and conf.d": [paths.HOME, paths.SUPERVISOR_PROGRAMS],
    "directories": [
        paths.SSHD_DROP_INS, paths.SSHD_CHROOT, paths.LOGS, paths.STATE, paths.PROFILE.parent,
        paths.WORKSPACE, paths.AUTHORIZED_KEYS.parent,
    ],
    "files of a start": [path for path in FILES if path.is_relative_to(paths.RUN)],
    "files of sshd's": [path for path in FILES if path.is_relative_to(paths.SSH)],
    "other files": [
        path
        for path in FILES
        if not path.is_relative_to(paths.RUN) and not path.is_relative_to(paths.SSH)
    ],
}  # fmt: skip
# What follows: what each program said, and its exit code
FOLLOWS = """
say() { "$@" > /tmp/said 2>&1; code=$?; printf '%s\\0%s\\0' "$code" "$(cat /tmp/said)"; }
# the RSA host key that was broken, too, comes a moment later
say slipway check; say slipway converge --json
say sh -c 'for i in $(seq 20); do slipway check && exit 0; code=$?; sleep 0.5; done; exit $code'
say sh -c 'for i in $(seq 20); do slipway health && exit 0; sleep 0.5; done; exit 1'
"""


class After(NamedTuple):
    """
    What was seen after something was broken.
    """

    check: tuple[int, str]
    converge: tuple[int, str]
    again: tuple[int, str]
    health: tuple[int, str]

    @property
    def report(self) -> dict[str, Any]:
        """Return what the convergence reported."""
        document: dict[str, Any] = json.loads(self.converge[1][self.converge[1].index("{") :])
        return document


class House:
    """
    One container for many rows; a new one where the last was left in disorder.
    """

    def __init__(self, start: Start, key: KeyPair) -> None:
        self._start, self._key = start, key
        self._slipway: Slipway | None = None
        self.is_sound = False  # the last row has left it so

    def give(self) -> Slipway:
        """
        Return a container in which all is well.
        """
        is_sound, self.is_sound = self.is_sound, False
        if self._slipway is None or not (is_sound or self._is_well(self._slipway)):
            if self._slipway is not None:
                self._slipway.container.remove(force=True, v=True)
            self._slipway = self._start(
                environment={"SSH_PUBKEY": self._key.public},
                cap_add=["SYS_ADMIN"],
                security_opt=["apparmor=unconfined"],
            )
            self._slipway.wait_ssh(self._key)
            self._slipway.wait_converged()
            self._slipway.wait_host_keys()
            self._slipway.wait_healthy()
        return self._slipway

    def _is_well(self, slipway: Slipway) -> bool:
        check = slipway.exec("slipway", "check")
        login = slipway.ssh(self._key, "true")
        return check.code == slipway.health().code == login.code == 0


@pytest.fixture(scope="module")
def house(module_start: Start, key: KeyPair) -> House:
    """
    Keep a container.
    """
    return House(module_start, key)


def broken(slipway: Slipway, commands: str) -> After:
    """
    Run commands that break something, then see what Slipway makes of it.
    """
    slipway.exec("sh", "-c", f"cd /\n{{\n{commands}\n{FOLLOWS}\n}} > /tmp/all")
    output = slipway.exec("cat", "/tmp/all").stdout  # what a busy engine loses is asked for again
    parts = output.split("\0")
    assert len(parts) == 9, output
    return After(*((int(parts[at]), parts[at + 1]) for at in range(0, 8, 2)))


def failures(after: After) -> list[str]:
    """
    Return what is not as it has to be in any case.
    """
    said = "".join(text for _, text in after)
    return [
        what
        for what, is_so in {
            "a traceback": "Traceback" in said,
            f"converge says {after.converge}": after.converge[0] != 0,
            f"check says {after.check}": after.check[0] not in (0, 2),
            f"check says again {after.again}": after.again[0] != 0,
            f"health says {after.health}": after.health[0] != 0,
        }.items()
        if is_so
    ]


@pytest.mark.parametrize("how", BREAKS)
@pytest.mark.parametrize("group", TOGETHER)
def test_what_is_broken_is_found_and_mended(
    house: House, key: KeyPair, group: str, how: str
) -> None:
    """
    No traceback; 2 from the check where the convergence mends something, then 0; and a login.
    """
    slipway = house.give()
    after = broken(slipway, "\n".join(_commands(path, how) for path in TOGETHER[group]))

    assert failures(after) == []
    changed = after.report["totals"]["changed"]
    assert after.check[0] == (2 if changed else 0), (after.check, after.report["operations"])
    slipway.wait_ssh(key)
    slipway.wait_host_keys()  # one that is still made would come into the next row
    house.is_sound = True


def _commands(path: Path, how: str) -> str:
    """
    Return what breaks a path.
    """
    if (path, how) == (paths.SSHD_CONFIG, "a file"):
        return ":"  # what a user writes there is his: test_sshd_junk.py
    make_empty = (
        f"mkdir -p {path}" if path in DIRECTORIES else f"mkdir -p {path.parent}; : > {path}"
    )
    return BREAKS[how].format(path=path, make_empty=make_empty)


# /run/slipway is what no container does without
MOUNTABLE = [group for group in TOGETHER if group not in ("/run/slipway", "files of a start")]


@pytest.mark.parametrize("how", MOUNTS)
@pytest.mark.parametrize("group", MOUNTABLE)
def test_what_is_mounted_stays_and_costs_nothing_else(
    house: House, key: KeyPair, group: str, how: str
) -> None:
    """
    Neither with what is right nor, read-only, with what is not.
    """
    slipway, there = house.give(), TOGETHER[group]
    made = "[ -e {path} ] || {{ mkdir -p $(dirname {path}); : > {path}; }}\n"
    command = "".join(f"{made}{MOUNTS[how]}\n".format(path=path) for path in there)
    after = broken(slipway, command)
    login = slipway.ssh(key, "id -un")
    undo = "umount {path}; [ -s {path} ] || rm -f {path} 2>/dev/null\n"
    slipway.exec("sh", "-c", "".join(undo.format(path=path) for path in there) + "rm -rf /tmp/copy")

    assert failures(after) == []
    assert login.stdout == "root\n"
