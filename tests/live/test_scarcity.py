"""
A full or read-only disk, a place that is missing, no network, little memory: what works goes on.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import KeyPair, Result, Slipway
from .test_crash import DRAFTS

Start = Callable[..., Slipway]

FULL = {
    "/root/.ssh": ("/root/.ssh/authorized_keys", "/root/.ssh"),
    "/var/lib/slipway": ("/var/lib/slipway/keys", "/var/lib/slipway"),
    "/run": ("/run/slipway/report.json", "/run/slipway"),
}


@pytest.mark.parametrize("place", FULL)
def test_a_full_disk_costs_nothing_that_was_there(
    start: Start, key: KeyPair, other_key: KeyPair, tmp_path: Path, place: str
) -> None:
    """
    The earlier file stays byte for byte and the failure is named; with room again, all is done.
    """
    given = tmp_path / "keys"
    given.write_text(f"{key.public}\n")
    slipway = start(
        tmpfs={place: "size=1m,mode=755"},  # keys are not kept where others can write
        volumes={str(given): {"bind": "/root/.ssh/authorized_keys_mount", "mode": "ro"}},
    )
    slipway.wait_ssh(key)
    slipway.wait_converged()
    slipway.wait_host_keys()
    file, directory = FULL[place]
    before = slipway.check_output("sha256sum", file)
    slipway.exec("sh", "-c", f"cat /dev/zero > {place}/fill")
    given.write_text(f"{key.public}\n{other_key.public}\n")
    failed = slipway.exec("slipway", "converge")

    assert failed.code == 1, failed
    said = failed.stdout + failed.stderr
    assert re.search(rf"{directory}\S*.* No space left on device", said), said
    assert "Traceback" not in said
    assert slipway.check_output("sha256sum", file) == before
    assert slipway.ssh(key, "true").code == 0
    slipway.exec("rm", f"{place}/fill")
    assert slipway.exec("slipway", "converge").code == 0
    assert slipway.ssh(other_key, "true").code == 0
    assert slipway.exec("sh", "-c", DRAFTS).stdout == ""


READ_ONLY: dict[str, Any] = {
    "read_only": True,
    "tmpfs": {
        "/run": "",
        "/tmp": "",
        "/var/lib/slipway": "",
        "/var/log/supervisor": "",
    },
    "volumes": ["/etc/ssh", "/workspace"],
}


def test_a_read_only_root_works_with_its_few_places(start: Start, key: KeyPair) -> None:
    """
    Those that README names, and none of them without need.
    """
    slipway = start(environment={"SSH_PUBKEY": key.public}, **READ_ONLY)
    slipway.wait_ssh(key)
    report = slipway.wait_converged()
    slipway.wait_host_keys()
    slipway.wait_healthy()

    assert report["totals"]["failed"] == 0
    assert slipway.exec("touch", "/etc/x").code == 1
    assert slipway.converge()["totals"]["changed"] == 0
    slipway.container.restart(timeout=10)
    slipway.wait_ssh(key)


@pytest.mark.parametrize("path", ["/var/lib/slipway", "/etc/ssh", "/workspace"])
def test_a_place_that_is_missing_is_named(start: Start, key: KeyPair, path: str) -> None:
    """
    With its path, no traceback, and no loss of the login: what belongs there is kept elsewhere.
    """
    options = {
        **READ_ONLY,
        "tmpfs": {place: "" for place in READ_ONLY["tmpfs"] if place != path},
        "volumes": [place for place in READ_ONLY["volumes"] if place != path],
    }
    slipway = start(environment={"SSH_PUBKEY": key.public}, **options)
    slipway.wait_ssh(key)
    slipway.wait_converged()
    slipway.wait_healthy()
    lines = [
        line
        for line in slipway.logs().splitlines()
        if line.startswith("slipway | ") and "read-only" in line.lower()
        if "/root/.ssh" not in line
    ]

    assert lines, slipway.logs()
    assert all(path in line for line in lines)
    assert "Traceback" not in slipway.logs()


def test_no_network_is_no_obstacle(start: Start, key: KeyPair) -> None:
    """
    With nothing but a loopback: converged, healthy, and sshd lets its user in.
    """
    slipway = start(environment={"SSH_PUBKEY": key.public}, network_mode="none", ports={})
    report = slipway.wait_converged()
    slipway.wait_healthy()

    assert report["totals"]["failed"] == 0
    assert _ssh_inside(slipway, key).stdout == "root\n"
    assert slipway.converge()["totals"]["changed"] == 0


def _ssh_inside(slipway: Slipway, key: KeyPair) -> Result:
    """
    Log in from within the container.
    """
    put = [
        "docker",
        "exec",
        "-i",
        str(slipway.container.name),
        "sh",
        "-c",
        "umask 077; cat > /tmp/k",
    ]
    subprocess.run(put, check=True, input=key.path.read_bytes())
    options = "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"
    return slipway.exec("sh", "-c", f"ssh -i /tmp/k {options} root@127.0.0.1 id -un")


def test_64_megabytes_and_32_processes_are_enough(start: Start, key: KeyPair) -> None:
    """
    To start, make the RSA key, be healthy and log in, without one process killed for memory.
    """
    slipway = start(
        environment={"SSH_PUBKEY": key.public},
        mem_limit="64m",
        memswap_limit="64m",
        pids_limit=32,
    )
    slipway.wait_ssh(key)
    report = slipway.wait_converged()
    slipway.wait_host_keys()
    slipway.wait_healthy()
    counters = "/sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control"  # v2, v1
    oom = slipway.exec("sh", "-c", f"cat {counters}").stdout

    assert report["totals"]["failed"] == 0
    assert slipway.ssh(key, "id -un").stdout == "root\n"
    assert re.findall(r"^oom_kill (\d+)$", oom, re.MULTILINE) == ["0"]
    slipway.container.reload()
    assert slipway.container.attrs["State"]["OOMKilled"] is False
