"""
Killed at any moment, on a full or read-only disk, with a wrong clock: nothing is lost or half-done.
"""

from __future__ import annotations

import json
import random
import re
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from .conftest import PATIENCE, KeyPair, Result, Slipway, wait_until

Start = Callable[..., Slipway]

SEED = 7
KILLS = 20  # of a convergence
CYCLES = 20  # of docker kill and start
AT_ONCE = 8  # convergences

# Everything Slipway owns, with mode, owner, ACL and content; no times, as what drifted is rewritten
TREE = r"""
cd / && {
  find etc/ssh etc/supervisor etc/profile.d etc/motd etc/bash.bashrc etc/nsswitch.conf root \
       run/slipway usr/local/bin var/lib/slipway workspace -xdev ! -name report.json \
       -printf '%p %M %U:%G %l\n' | sort
  find etc/ssh etc/supervisor etc/profile.d etc/motd etc/bash.bashrc etc/nsswitch.conf root \
       run/slipway var/lib/slipway workspace -xdev -type f ! -name report.json \
       -exec sha256sum {} + | sort
  getfacl -nR etc/ssh root workspace 2>/dev/null
}
"""

# Something to do for each task; a user's own key stays
DRIFT = r"""
echo drift >> /etc/motd; chmod 600 /etc/profile.d/slipway.sh; rm -f /usr/local/bin/supervisorctl
sed -i /slipway/d /etc/bash.bashrc; sed -i 's/ extrausers//' /etc/nsswitch.conf
rm -f /etc/ssh/sshd_config.d/00-*; chmod 777 /root/.ssh; setfacl -m u:nobody:rw /root/.ssh
echo "echo drift" >> /run/slipway/environment.sh; rm -f /run/slipway/sshd.conf
sed -i '/ ours$/d' /root/.ssh/authorized_keys; rm -rf /var/lib/slipway
setfacl -k /workspace; rm -f /workspace/WARNING-NO-MOUNT.txt
printf 'x 2 6 100 2047 2 C3\n' >> /etc/ssh/moduli
echo '; drift' >> /etc/supervisor/conf.d/sshd.conf
"""
DRAFTS = "find / /root/.ssh /run /var/lib/slipway -xdev -name '.*.slipway*'"
MAKERS = 3  # of an RSA key that are killed


def tree(slipway: Slipway) -> str:
    """
    Return a line for everything about everything that Slipway owns.
    """
    return slipway.check_output("sh", "-c", TREE)


@pytest.fixture(scope="module")
def settled(module_start: Start, key: KeyPair, other_key: KeyPair) -> Slipway:
    """
    A container with a key of ours and one that somebody else put there, and nothing left to do.

    Every test leaves it so.
    """
    slipway = module_start(environment={"SSH_PUBKEY": f"{key.public} ours"})
    slipway.wait_converged()
    slipway.wait_host_keys()
    add = f"echo '{other_key.public} theirs' >> /root/.ssh/authorized_keys"
    slipway.check_output("sh", "-c", add)
    assert slipway.converge()["totals"]["changed"] == 0
    return slipway


def test_a_convergence_killed_at_any_moment_is_finished_by_the_next(settled: Slipway) -> None:
    """
    SIGKILL at 20 random moments with something to do for every task, then one run: all is there.
    """
    settled.exec("sh", "-c", DRIFT)
    settled.converge()  # keys are in the order that they come in when ours come back
    expected = tree(settled)
    settled.exec("sh", "-c", DRIFT)
    began = time.monotonic()
    assert settled.converge()["totals"]["changed"] > 8
    longest = time.monotonic() - began
    moments = random.Random(SEED)  # noqa: S311 - moments, not secrets
    cut_off = 0
    for number in range(KILLS):
        settled.exec("sh", "-c", DRIFT)
        moment = f"{moments.uniform(0, longest):.3f}"
        killed = settled.exec(
            "timeout", "--foreground", "-s", "KILL", moment, "slipway", "converge"
        )
        cut_off += killed.code == 137
        done = settled.exec("slipway", "converge")

        assert done.code == 0, f"{number}: killed after {moment} s: {done}"
        assert tree(settled) == expected, f"{number}: killed after {moment} s"
        assert settled.exec("sh", "-c", DRAFTS).stdout == "", f"{number}: killed after {moment} s"
    assert cut_off > KILLS / 4
    assert settled.converge()["totals"]["changed"] == 0


def test_a_killed_container_starts_again(start: Start, key: KeyPair) -> None:
    """
    20 of 20 up after a SIGKILL of the container in mid-start: the same host keys, the same keys.
    """
    slipway = start(environment={"SSH_PUBKEY": key.public})
    slipway.wait_ssh(key)
    moments = random.Random(SEED)  # noqa: S311 - moments, not secrets
    first = slipway.check_output("cat", "/etc/ssh/ssh_host_ed25519_key.pub")
    rsa = set()
    worst = 0.0
    for _ in range(CYCLES):
        slipway.container.kill()
        slipway.container.start()
        time.sleep(moments.uniform(0, 1))  # a moment to be killed at, not to wait for anything
        slipway.container.kill()
        slipway.container.start()
        began = time.monotonic()
        slipway.wait_ssh(key)
        worst = max(worst, time.monotonic() - began)

        assert slipway.check_output("cat", "/etc/ssh/ssh_host_ed25519_key.pub") == first
        assert slipway.check_output("cat", "/root/.ssh/authorized_keys") == f"{key.public}\n"
        rsa.add(slipway.exec("cat", "/etc/ssh/ssh_host_rsa_key.pub").stdout)
    slipway.wait_host_keys()
    rsa.add(slipway.check_output("cat", "/etc/ssh/ssh_host_rsa_key.pub"))

    assert worst < PATIENCE
    assert len(rsa - {""}) == 1
    assert slipway.wait_converged()["totals"]["failed"] == 0
    assert slipway.exec("sh", "-c", DRAFTS).stdout == ""
    assert slipway.converge()["totals"]["changed"] == 0


def test_the_rsa_key_is_whole_or_not_there(settled: Slipway) -> None:
    """
    Its maker is killed at three moments, each time another is begun: one pair in the end, no draft.
    """
    moments = random.Random(SEED)  # noqa: S311 - moments, not secrets
    pair = "/etc/ssh/ssh_host_rsa_key"
    for _ in range(MAKERS):
        settled.exec("sh", "-c", f"rm -f {pair} {pair}.pub")
        settled.check_output("slipway", "converge")
        time.sleep(moments.uniform(0, 0.5))  # a moment to be killed at, not to wait for anything
        settled.exec("sh", "-c", "pkill -9 -f slipway.ssh.host_key")
        settled.check_output("slipway", "converge")
        wait_until(
            lambda: not settled.is_making_host_key() and _next_key(settled), "a whole RSA key"
        )
        public = settled.check_output("cut", "-d ", "-f1,2", f"{pair}.pub")

        assert settled.check_output("ssh-keygen", "-y", "-f", pair).split()[:2] == public.split()
        assert settled.exec("sh", "-c", DRAFTS).stdout == ""


def _next_key(slipway: Slipway) -> bool:
    """
    Converge once more where a maker's heir held the lock, and tell whether the key is there.
    """
    if slipway.exec("test", "-e", "/etc/ssh/sshd_config.d/01-slipway-rsa.conf").code:
        slipway.check_output("slipway", "converge")
        return False
    return slipway.exec("test", "-e", "/etc/ssh/ssh_host_rsa_key").code == 0


def test_convergences_at_once_share_the_work(settled: Slipway) -> None:
    """
    Eight at the same time with something to do: one does it, seven find it done, all end with 0.
    """
    settled.exec("sh", "-c", DRIFT)
    settled.converge()
    expected = tree(settled)
    settled.exec("sh", "-c", DRIFT)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        results = list(
            pool.map(lambda _: settled.exec("slipway", "converge", "--json"), range(AT_ONCE))
        )
    totals = [json.loads(result.stdout)["totals"] for result in results]

    assert [result.code for result in results] == [0] * AT_ONCE
    assert sorted(total["changed"] > 0 for total in totals) == [False] * (AT_ONCE - 1) + [True]
    assert tree(settled) == expected


def test_the_lock_dies_with_its_holder(settled: Slipway) -> None:
    """
    A convergence that waits for another goes on when that one is killed.
    """
    hold = "flock /run/slipway/lock sh -c 'echo held; exec sleep 600'"
    settled.exec("sh", "-c", f"({hold}) >/tmp/holder 2>&1 &")
    wait_until(lambda: settled.exec("cat", "/tmp/holder").stdout == "held\n", "the lock is held")
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(settled.exec, "slipway", "converge")
        with pytest.raises(TimeoutError):
            waiting.result(timeout=2)
        settled.exec("pkill", "-9", "-f", "sleep 600")

        assert waiting.result(timeout=30).code == 0


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
    One line with the path and no traceback; without SSH unhealthy, without the ACL degraded.
    """
    options = {
        **READ_ONLY,
        "tmpfs": {place: "" for place in READ_ONLY["tmpfs"] if place != path},
        "volumes": [place for place in READ_ONLY["volumes"] if place != path],
    }
    slipway = start(environment={"SSH_PUBKEY": key.public}, **options)
    slipway.wait_converged()
    lines = [
        line
        for line in slipway.logs().splitlines()
        if "read-only" in line.lower() and "/root/.ssh" not in line
    ]

    assert len(lines) == 1, slipway.logs()
    assert path in lines[0]
    assert "Traceback" not in slipway.logs()
    if path == "/workspace":
        slipway.wait_healthy()
    else:
        assert path in slipway.health().stdout
        assert slipway.health().code == 1


def test_without_a_place_for_logs_the_start_ends_with_one_line(start: Start, key: KeyPair) -> None:
    """
    It is supervisord that can't do without its log.
    """
    slipway = start(
        environment={"SSH_PUBKEY": key.public}, read_only=True, tmpfs={"/run": "", "/tmp": ""}
    )
    code = slipway.container.wait(timeout=30)["StatusCode"]

    assert code == 1
    assert "slipway: supervisord: /var/log/supervisor/supervisord.log: Read-only" in slipway.logs()
    assert "Traceback" not in slipway.logs()


def test_without_a_place_for_its_state_the_start_ends_with_one_line(start: Start) -> None:
    """
    A read-only root with nothing else: what is missing is named.
    """
    slipway = start(read_only=True)
    code = slipway.container.wait(timeout=30)["StatusCode"]

    assert code == 1
    assert slipway.logs().splitlines() == [
        "slipway: /run/slipway/.environment.slipway: Read-only file system"
    ]


def test_dates_far_off_change_nothing(settled: Slipway, key: KeyPair) -> None:
    """
    All that we own is dated 2100, then 1970, as after a clock that was wrong.
    """
    log = "grep -c 'Received SIGHUP' /var/log/supervisor/sshd.log"
    touch = "find /etc/ssh /etc/supervisor /root /run/slipway /var/lib/slipway -xdev -exec touch"
    for date in ("2100-01-01", "1970-01-02"):
        settled.check_output("sh", "-c", f"{touch} -hd {date} {{}} +")
        settled.converge()  # what was touched may be read again, once
        hang_ups = settled.check_output("sh", "-c", log)
        reports = [settled.converge() for _ in range(2)]

        assert [report["totals"]["changed"] for report in reports] == [0, 0]
        assert [report["totals"]["failed"] for report in reports] == [0, 0]
        assert settled.check_output("sh", "-c", log) == hang_ups
        assert settled.health().code == 0
    settled.check_output("touch", "-d", "2100-01-01", "/run/sshd.pid")
    settled.converge()
    assert settled.converge()["totals"]["changed"] == 0
    settled.restart()
    settled.wait_ssh(key)


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
