"""
Killed at any moment, or with a wrong clock: nothing is lost or half-done.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from .conftest import PATIENCE, KeyPair, Slipway, wait_until

Start = Callable[..., Slipway]

SEED = 7
KILLS = 20  # of a convergence
CYCLES = 20  # of docker kill and start
AT_ONCE = 8  # convergences

# Everything Slipway owns, with mode, owner, ACL and content; no times, as what drifted is rewritten
TREE = r"""
cd / && {
  find etc/ssh etc/supervisor etc/profile.d etc/motd etc/bash.bashrc etc/nsswitch.conf root \
       run/slipway usr/local/bin var/lib/slipway workspace -xdev \
       ! -name report.json -printf '%p %M %U:%G %l\n' | sort
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
