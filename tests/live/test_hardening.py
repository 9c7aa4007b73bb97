"""
What an attacker finds, and what the container can do without.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from .conftest import KeyPair, Slipway, wait_until

Start = Callable[..., Slipway]

POLICIES = {
    "debian-12": "Hardened Debian 12 (version 3)",
    "debian-13": "Hardened Debian 13 (version 1)",
    "ubuntu-22.04": "Hardened Ubuntu Server 22.04 LTS (version 6)",
    "ubuntu-24.04": "Hardened Ubuntu Server 24.04 LTS (version 2)",
}
README = Path(__file__).resolve().parents[2] / "README.md"
TRIES = 200  # passwords
AT_A_TIME = 8
AUDIT = [str(Path(sys.executable).with_name("ssh-audit")), "--no-colors"]


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


def test_the_hardened_policy_is_that_of_the_distribution(start: Start, key: KeyPair) -> None:
    """
    By ssh-audit, from outside, against the sshd that runs.
    """
    slipway = start(environment={"SSH_PUBKEY": key.public, "SLIPWAY_SSH_POLICY": "hardened"})
    slipway.wait_ssh(key)
    slipway.wait_host_keys()
    done = audit(slipway, "--policy", POLICIES[distribution(slipway)])

    assert done.returncode == 0, done.stdout + done.stderr
    assert slipway.exec("slipway", "verify").code == 0


def test_the_compatible_policy_has_no_failure(slipway: Slipway) -> None:
    """
    In ssh-audit's rating. It warns of what no client of before 2023 can do without.
    """
    done = audit(slipway)
    warned = set(re.findall(r"^\(\w+\) (\S+) .*-- \[warn\]", done.stdout, re.MULTILINE))

    assert "[fail]" not in done.stdout, done.stdout
    assert warned == {
        "curve25519-sha256",
        "curve25519-sha256@libssh.org",
        "diffie-hellman-group-exchange-sha256",
        "diffie-hellman-group16-sha512",
        "diffie-hellman-group18-sha512",
        "hmac-sha2-256",
    }


def audit(slipway: Slipway, *words: str) -> subprocess.CompletedProcess[str]:
    """
    Have ssh-audit look at the sshd that runs.
    """
    return subprocess.run(
        [*AUDIT, *words, "--port", str(slipway.port(22)), "127.0.0.1"],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )


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


def test_the_policy_keeps_no_users_key_out(start: Start, make_key: Callable[..., KeyPair]) -> None:
    """
    It is about what the server offers: ECDSA keys, of which it has none, still open sessions.
    """
    pairs = [make_key(kind) for kind in ("ed25519", "ecdsa", "rsa")]
    slipway = start(environment={"SSH_PUBKEY": "\n".join(pair.public for pair in pairs)})
    slipway.wait_ssh(pairs[0])

    assert [slipway.ssh(pair, "id -un").stdout for pair in pairs] == ["root\n"] * 3


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


def _session(
    slipway: Slipway, key: KeyPair, words: list[str], *options: str
) -> subprocess.Popen[bytes]:
    # fmt: off
    command = [
        "ssh", "-F", "none", "-p", str(slipway.port(22)), "-i", str(key.path),
        "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
        "-o", "LogLevel=ERROR", "-o", "BatchMode=yes", *options, "root@127.0.0.1", *words,
    ]
    # fmt: on
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def test_no_port_but_sshds_is_open(slipway: Slipway) -> None:
    """
    0A is LISTEN in /proc/net/tcp and tcp6; 22 is 0016 there.
    """
    listing = slipway.check_output("cat", "/proc/net/tcp", "/proc/net/tcp6").splitlines()
    rows = [line.split() for line in listing]
    ports = {row[1].rpartition(":")[2] for row in rows if row[3] == "0A"}

    assert ports == {"0016"}


def test_supervisords_socket_is_roots_alone(slipway: Slipway) -> None:
    """
    Whoever may write to it may run anything as root.
    """
    mode = slipway.check_output("stat", "-c", "%a %U %G", "/run/supervisor.sock")

    assert mode == "700 root root\n"


def opens_a_session(slipway: Slipway, key: KeyPair) -> bool:
    """
    `ssh host command`, and files over it.
    """
    return slipway.ssh(key, "id -un").stdout == "root\n"


def opens_a_terminal(slipway: Slipway, key: KeyPair) -> bool:
    """
    An interactive login.
    """
    with _session(slipway, key, ["tty"], "-tt") as session:
        output, _ = session.communicate(timeout=30)
    return output.startswith(b"/dev/pts/")


def keeps_the_owner_in(slipway: Slipway, _key: KeyPair) -> bool:
    """
    A workspace that belongs to another user: root writes there, and its owner has a default ACL.
    """
    entry = slipway.exec("getfacl", "-ncp", "/workspace").stdout
    return "default:user:1234:rwx" in entry and slipway.exec("touch", "/workspace/x").code == 0


def mounts_a_remote(slipway: Slipway, _key: KeyPair) -> bool:
    """
    By FUSE.
    """
    return slipway.exec("grep", "-q", "fuse.rclone", "/proc/self/mountinfo").code == 0


def copies_a_remote(slipway: Slipway, _key: KeyPair) -> bool:
    """
    Where FUSE is not allowed.
    """
    return slipway.exec("test", "-e", "/workspace/remote/disk/moduli").code == 0


def installs_a_package(slipway: Slipway, _key: KeyPair) -> bool:
    """
    One with files that belong to somebody else than root.
    """
    script = (
        "mkdir -p /tmp/p/DEBIAN /tmp/p/opt && cd /tmp && chmod 755 p p/DEBIAN && "
        "printf 'Package: x\\nVersion: 1\\nArchitecture: all\\nMaintainer: x\\nDescription: x\\n'"
        " > p/DEBIAN/control && touch p/opt/file && chown man p/opt/file && "
        "dpkg-deb -b p x.deb && dpkg -i x.deb && [ $(stat -c %U /opt/file) = man ]"
    )
    return slipway.exec("sh", "-c", script).code == 0


REMOTE = {"RCLONE_CONFIG_DISK_TYPE": "alias", "RCLONE_CONFIG_DISK_REMOTE": "/etc/ssh"}
FUSE = {"devices": ["/dev/fuse"], "security_opt": ["apparmor=unconfined"]}
SSH = ("SETGID", "SETUID", "SYS_CHROOT")
TERMINAL = (*SSH, "AUDIT_WRITE")

# README's table: what a feature needs besides what the one before it in brackets needs
# fmt: off
FEATURES: dict[str, tuple[tuple[str, ...], tuple[str, ...], Callable[..., bool]]] = {
    "`ssh host command`, files over SSH": ((), SSH, opens_a_session),
    "a terminal": (SSH, ("AUDIT_WRITE",), opens_a_terminal),
    "a workspace of another user": (SSH, ("DAC_OVERRIDE", "FOWNER"), keeps_the_owner_in),
    "mounted remotes": (SSH, ("SYS_ADMIN",), mounts_a_remote),
    "copied remotes": (SSH, (), copies_a_remote),
    "installing packages": (SSH, ("CHOWN", "DAC_OVERRIDE", "FOWNER"), installs_a_package),
}
# fmt: on
EACH = [(name, capability) for name, (_, needed, _) in FEATURES.items() for capability in needed]


def start_with(
    start: Start, key: KeyPair, tmp_path: Path, feature: str, capabilities: set[str]
) -> Slipway:
    """
    Start a container with a feature's conditions, and these capabilities alone.
    """
    options: dict[str, Any] = {"environment": {"SSH_PUBKEY": key.public}}
    if "remotes" in feature:
        options["environment"] |= REMOTE
    if feature == "mounted remotes":
        options |= FUSE
    if feature == "copied remotes":
        options["environment"]["SLIPWAY_REMOTE_SYNC"] = "disk"
    if "workspace" in feature:
        os.chown(tmp_path, 1234, 1234)
        tmp_path.chmod(0o755)
        options["volumes"] = {str(tmp_path): {"bind": "/workspace"}}
    slipway = start(cap_drop=["ALL"], cap_add=sorted(capabilities), **options)
    assert slipway.wait_converged()["totals"]["failed"] == 0
    if missing := set(SSH) - capabilities:  # no session opens, and health says so
        wait_until(lambda: min(missing) in slipway.health().stdout, f"{slipway.health()}")
    else:
        slipway.wait_healthy()
    return slipway


@pytest.mark.parametrize("feature", FEATURES)
def test_a_feature_works_with_the_capabilities_that_it_needs(
    start: Start, key: KeyPair, tmp_path: Path, feature: str
) -> None:
    """
    And with no other; the container converges and is healthy.
    """
    before, needed, works = FEATURES[feature]
    slipway = start_with(start, key, tmp_path, feature, {*before, *needed})

    wait_until(lambda: works(slipway, key), f"{feature}: {slipway.logs()}")


@pytest.mark.parametrize(("feature", "capability"), EACH)
def test_no_capability_is_asked_for_without_need(
    start: Start, key: KeyPair, tmp_path: Path, feature: str, capability: str
) -> None:
    """
    Without any one of them the feature does not work, while the container starts all the same.
    """
    before, needed, works = FEATURES[feature]
    slipway = start_with(start, key, tmp_path, feature, {*before, *needed} - {capability})

    assert not works(slipway, key)


def test_the_readme_has_the_table_that_is_tested() -> None:
    """
    A row for each feature, with the very capabilities.
    """
    rows = dict(re.findall(r"^\| ([^|]+?) \| ([^|]*?) \|$", README.read_text(), re.MULTILINE))

    for feature, (_, needed, _) in FEATURES.items():
        assert set(re.findall(r"`([A-Z_]+)`", rows[feature])) == set(needed), feature


def test_the_compose_file_asks_for_what_its_features_need_alone() -> None:
    """
    All is dropped, and what comes back is in the table, or has its reason beside it. What mounted
    remotes take is in a file of its own.
    """
    text, remotes = (
        README.with_name(f"docker-compose{name}.yaml").read_text() for name in ("", ".remotes")
    )
    listed, added = (
        set(re.findall(r"^      - ([A-Z_]+)$", each, re.MULTILINE)) for each in (text, remotes)
    )
    needed = {name for _, needed, _ in FEATURES.values() for name in needed}

    assert re.search(r"^    cap_drop:\n      - ALL$", text, re.MULTILINE)
    assert added == {"SYS_ADMIN"}
    assert listed | added == needed | {"ALL", "FSETID", "KILL", "NET_BIND_SERVICE"}
    assert not listed & added


def test_no_new_privileges_are_needed(start: Start, key: KeyPair) -> None:
    """
    Sessions, terminals and mounts work where no program may gain privileges.
    """
    slipway = start(
        environment={"SSH_PUBKEY": key.public, **REMOTE},
        cap_drop=["ALL"],
        cap_add=[*TERMINAL, "SYS_ADMIN"],
        devices=FUSE["devices"],
        security_opt=[*FUSE["security_opt"], "no-new-privileges"],
    )
    slipway.wait_ssh(key)
    wait_until(lambda: mounts_a_remote(slipway, key), "a mount")

    assert opens_a_terminal(slipway, key)
    assert slipway.exec("grep", "NoNewPrivs", "/proc/1/status").stdout.split()[1] == "1"
    slipway.wait_healthy()
