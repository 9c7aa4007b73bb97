"""
What an attacker finds, and what the container can do without.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from .conftest import KeyPair, Slipway

Start = Callable[..., Slipway]

POLICIES = {
    "debian-12": "Hardened Debian 12 (version 3)",
    "debian-13": "Hardened Debian 13 (version 1)",
    "ubuntu-22.04": "Hardened Ubuntu Server 22.04 LTS (version 6)",
    "ubuntu-24.04": "Hardened Ubuntu Server 24.04 LTS (version 2)",
}
TRIES = 200  # passwords
AT_A_TIME = 8  # sshd refuses more than ten that have not logged in


@pytest.fixture(scope="module")
def slipway(module_start: Start, key: KeyPair) -> Slipway:
    """
    A container as anybody starts it, with its RSA host key.
    """
    slipway = module_start(environment={"SSH_PUBKEY": key.public})
    slipway.wait_ssh(key)
    slipway.wait_host_keys()
    return slipway


def distribution(slipway: Slipway) -> str:
    """
    Return which one the base is.
    """
    return slipway.check_output("sh", "-c", '. /etc/os-release && echo "$ID-$VERSION_ID"').strip()


def test_sshd_passes_the_hardened_policy_of_its_distribution(slipway: Slipway) -> None:
    """
    By ssh-audit, from outside, against the sshd that runs.
    """
    policy = POLICIES[distribution(slipway)]
    audit = [str(Path(sys.executable).with_name("ssh-audit")), "--no-colors", "--policy", policy]
    done = subprocess.run(
        [*audit, "--port", str(slipway.port(22)), "127.0.0.1"],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )

    assert done.returncode == 0, done.stdout + done.stderr


def test_no_password_opens_a_session(slipway: Slipway) -> None:
    """
    0 logins in 200 tries, as root and as others; nothing but keys is offered.
    """
    # fmt: off
    command = [
        "ssh", "-F", "none", "-p", str(slipway.port(22)), "-o", "PubkeyAuthentication=no",
        "-o", "PreferredAuthentications=password,keyboard-interactive", "-o", "BatchMode=no",
        "-o", "NumberOfPasswordPrompts=1", "-o", "StrictHostKeyChecking=no",
        "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=20",
    ]
    # fmt: on
    users = ["root", "admin", "sshd", "nobody"]

    def attempt(number: int) -> tuple[int, str]:
        done = subprocess.run(
            [*command, f"{users[number % len(users)]}@127.0.0.1", "id"],
            check=False,
            capture_output=True,
            text=True,
            timeout=60,
            env={"SSH_ASKPASS": "/bin/echo", "SSH_ASKPASS_REQUIRE": "force", "PATH": "/usr/bin"},
        )
        return done.returncode, done.stderr

    with ThreadPoolExecutor(AT_A_TIME) as pool:
        outcomes = list(pool.map(attempt, range(TRIES)))

    assert [code for code, _ in outcomes] == [255] * TRIES
    offered = {
        method for _, said in outcomes for method in re.findall(r"Permission denied \((.*)\)", said)
    }
    assert offered == {"publickey"}
    assert sum("Permission denied" in said for _, said in outcomes) == TRIES


def test_live_sessions_stay_when_the_rsa_key_comes(start: Start, key: KeyPair) -> None:
    """
    A session from before it goes on, and the second convergence has nothing to change meanwhile.
    """
    slipway = start(environment={"SSH_PUBKEY": key.public})
    slipway.wait_ssh(key)
    slipway.wait_host_keys()
    slipway.exec("sh", "-c", "rm /etc/ssh/ssh_host_rsa_key*")
    assert slipway.converge()["totals"]["changed"] > 0
    words = ["echo begun; read line; echo $line"]
    with _session(slipway, key, words) as session:
        assert session.stdout is not None
        assert session.stdin is not None
        assert session.stdout.readline() == b"begun\n"
        changed = [slipway.converge()["totals"]["changed"] for _ in range(3)]
        slipway.wait_host_keys()
        changed.append(slipway.converge()["totals"]["changed"])
        session.stdin.write(b"still here\n")
        session.stdin.close()

        assert session.stdout.readline() == b"still here\n"
    assert changed == [0, 0, 0, 0]
    assert "Received SIGHUP; restarting" in slipway.check_output(
        "cat", "/var/log/supervisor/sshd.log"
    )


def _session(slipway: Slipway, key: KeyPair, words: list[str]) -> subprocess.Popen[bytes]:
    # fmt: off
    command = [
        "ssh", "-F", "none", "-p", str(slipway.port(22)), "-i", str(key.path),
        "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
        "-o", "LogLevel=ERROR", "-o", "BatchMode=yes", "root@127.0.0.1", *words,
    ]
    # fmt: on
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
