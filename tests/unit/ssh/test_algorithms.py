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

from slipway.ssh import algorithms
from slipway.ssh.banner import ADDRESS

TITLES = {
    "debian-12": "Hardened Debian 12 (version ",
    "debian-13": "Hardened Debian 13 (version ",
    "ubuntu-22.04": "Hardened Ubuntu Server 22.04 LTS (version ",
    "ubuntu-24.04": "Hardened Ubuntu Server 24.04 LTS (version ",
}
ALL = {name for policy in algorithms.POLICIES.values() for name in policy.key_exchanges}
SSHD = shutil.which("sshd", path="/usr/sbin:/sbin")


def options(distribution: str, supported: set[str]) -> dict[str, list[str]]:
    """
    Return the drop-in's options with their lists.
    """
    lines = algorithms.drop_in(distribution, supported).decode().splitlines()
    pairs = [line.split(" ") for line in lines if not line.startswith("#")]
    return {option: names.split(",") for option, names in pairs}


def policy_of(distribution: str) -> dict[str, Any]:
    """
    Return the newest policy of a distribution that the installed ssh-audit has.
    """
    versions: list[dict[str, Any]] = [
        policy for name, policy in BUILTIN_POLICIES.items() if name.startswith(TITLES[distribution])
    ]
    return max(versions, key=lambda policy: int(policy["version"]))


@pytest.mark.parametrize("distribution", algorithms.POLICIES)
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


@pytest.mark.parametrize(
    ("exchange", "exempt"),
    [("mlkem768x25519-sha256", [[ADDRESS]]), ("sntrup761x25519-sha512", [])],
    ids=["9.9", "9.2"],
)
def test_healths_questions_have_no_penalty(exchange: str, exempt: list[list[str]]) -> None:
    """
    Where sshd has penalties; an older one would not start with the option.
    """
    offered = options("debian-13", {exchange})

    assert [names for name, names in offered.items() if name.startswith("PerSource")] == exempt
    assert offered.get("PerSourcePenaltyExemptList") == (exempt[0] if exempt else None)


@pytest.mark.skipif(SSHD is None, reason="no sshd here")
@pytest.mark.parametrize("distribution", [*algorithms.POLICIES, "other"])
def test_sshd_takes_every_list(tmp_path: Path, distribution: str) -> None:
    """
    Whatever distribution a base calls itself, the sshd that it has starts.
    """
    key, configuration = tmp_path / "key", tmp_path / "config"
    subprocess.run(["ssh-keygen", "-qt", "ed25519", "-N", "", "-f", key], check=True)
    known = subprocess.run(["ssh", "-Q", "kex"], check=True, capture_output=True, text=True).stdout
    configuration.write_bytes(algorithms.drop_in(distribution, known.split()))
    done = subprocess.run(
        [str(SSHD), "-T", "-f", configuration, "-h", key],
        check=False,
        capture_output=True,
        text=True,
    )

    assert (done.returncode, done.stderr) == (0, "")
