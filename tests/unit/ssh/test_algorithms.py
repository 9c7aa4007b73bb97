"""
The algorithms that sshd offers, against ssh-audit's own policies and the sshd of this machine.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ssh_audit.builtin_policies import BUILTIN_POLICIES
from ssh_audit.ssh2_kexdb import SSH2_KexDB

from slipway.ssh import algorithms

TITLES = {
    "debian-12": "Hardened Debian 12 (version ",
    "debian-13": "Hardened Debian 13 (version ",
    "ubuntu-22.04": "Hardened Ubuntu Server 22.04 LTS (version ",
    "ubuntu-24.04": "Hardened Ubuntu Server 24.04 LTS (version ",
}
ALL = {*algorithms.OTHER.key_exchanges}
SSHD = shutil.which("sshd", path="/usr/sbin:/sbin")


def options(
    distribution: str, supported: set[str], *, policy: str = "hardened"
) -> dict[str, list[str]]:
    """
    Return the options with their lists.
    """
    chosen = algorithms.options(policy=policy, distribution=distribution, supported=supported)
    return {option: names.split(",") for option, names in chosen.items()}


def policy_of(distribution: str) -> dict[str, Any]:
    """
    Return the newest policy of a distribution that the installed ssh-audit has.
    """
    versions: list[dict[str, Any]] = [
        policy for name, policy in BUILTIN_POLICIES.items() if name.startswith(TITLES[distribution])
    ]
    return max(versions, key=lambda policy: int(policy["version"]))


@pytest.mark.parametrize("distribution", algorithms.HARDENED)
def test_each_distribution_has_its_policys_lists(distribution: str) -> None:
    """
    To the letter and in order; what ends in -s is no algorithm but a marker that sshd adds itself.
    """
    policy = policy_of(distribution)
    markers = {"ext-info-s", "kex-strict-s-v00@openssh.com"}
    offered = options(distribution, ALL)

    assert offered["KexAlgorithms"] == [name for name in policy["kex"] if name not in markers]
    assert offered["Ciphers"] == policy["ciphers"]
    assert offered["MACs"] == policy["macs"]
    plain = [name for name in offered["HostKeyAlgorithms"] if name in policy["host_keys"]]
    assert plain == policy["host_keys"]
    allowed = {*policy["host_keys"], *policy["optional_host_keys"]}
    assert set(offered["HostKeyAlgorithms"]) <= allowed


@pytest.mark.parametrize("distribution", ["debian-14", "debian", ""])
def test_an_unknown_distribution_is_hardened_too(distribution: str) -> None:
    """
    With everything strong that its sshd has.
    """
    assert options(distribution, {"x"} | ALL)["KexAlgorithms"] == list(
        algorithms.OTHER.key_exchanges
    )


def test_only_what_sshd_knows_is_named() -> None:
    """
    An unknown name would keep it from starting; where none is known the option is left out.
    """
    assert options("debian-13", {"sntrup761x25519-sha512"})["KexAlgorithms"] == [
        "sntrup761x25519-sha512"
    ]
    assert "KexAlgorithms" not in options("debian-13", set())


@pytest.mark.parametrize("distribution", [*algorithms.HARDENED, ""])
def test_the_compatible_policy_is_everywhere_the_same(distribution: str) -> None:
    """
    All that any hardened policy has, and one MAC for libssh2 last.
    """
    offered = options(distribution, ALL, policy="compatible")
    hardened = options(distribution, ALL)

    assert offered == options("debian-12", ALL, policy="compatible")
    assert all(set(names) <= set(offered[option]) for option, names in hardened.items())
    assert offered["MACs"][-1] == "hmac-sha2-256"


@pytest.mark.parametrize(
    ("option", "category"),
    [("KexAlgorithms", "kex"), ("Ciphers", "enc"), ("MACs", "mac"), ("HostKeyAlgorithms", "key")],
)
def test_ssh_audit_fails_nothing_of_the_compatible_policy(option: str, category: str) -> None:
    """
    By its own table: name to versions, failures, warnings; a missing list is an empty one.
    """
    table = SSH2_KexDB.get_db()[category]
    offered = options("debian-13", ALL, policy="compatible")[option]

    assert [name for name in offered if any(table[name][1:2])] == []


@pytest.mark.skipif(SSHD is None, reason="no sshd here")
@pytest.mark.parametrize("policy", ["compatible", "hardened"])
@pytest.mark.parametrize("distribution", [*algorithms.HARDENED, "other"])
def test_sshd_takes_every_list(tmp_path: Path, distribution: str, policy: str) -> None:
    """
    Whatever distribution a base calls itself, the sshd that it has starts.
    """
    key, configuration = tmp_path / "key", tmp_path / "config"
    subprocess.run(["ssh-keygen", "-qt", "ed25519", "-N", "", "-f", key], check=True)
    known = subprocess.run(["ssh", "-Q", "kex"], check=True, capture_output=True, text=True).stdout
    chosen = options(distribution, set(known.split()), policy=policy)
    lines = [f"{option} {','.join(names)}\n" for option, names in chosen.items()]
    configuration.write_text("".join(lines))
    done = subprocess.run(
        [str(SSHD), "-T", "-f", configuration, "-h", key],
        check=False,
        capture_output=True,
        text=True,
    )

    assert (done.returncode, done.stderr) == (0, "")
