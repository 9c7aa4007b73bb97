"""
sshd runs while there is a key, with the files that are there, and stays where these are broken.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from .conftest import KeyPair, Slipway, wait_until
from .test_supervision import pid, program, state

Start = Callable[..., Slipway]


def test_a_first_key_starts_sshd_and_nothing_that_was_stopped(
    start: Start, key: KeyPair, tmp_path: Path
) -> None:
    """
    The watcher for a first key converges, and leaves alone what the user has stopped.
    """
    slipway = start(volumes=program(tmp_path, "web", "sleep 1000"))
    slipway.wait_converged()
    slipway.check_output("supervisorctl", "stop", "web")
    add = f"mkdir -p /root/.ssh; echo '{key.public}' >> /root/.ssh/authorized_keys"
    slipway.check_output("sh", "-c", add)
    slipway.wait_ssh(key)
    wait_until(lambda: slipway.exec("test", "-e", "/run/slipway/unfinished").code != 0, "converged")

    assert state(slipway, "web") == "STOPPED"


def test_a_key_that_comes_back_starts_sshd_again(
    start: Start, key: KeyPair, tmp_path: Path
) -> None:
    """
    Without a key Slipway stopped sshd: that was not by hand. With one, `stop` is.
    """
    mounted = tmp_path / "authorized_keys"
    mounted.write_text(key.public)
    slipway = start(
        volumes={str(mounted): {"bind": "/root/.ssh/authorized_keys_mount", "mode": "ro"}}
    )
    slipway.wait_ssh(key)
    mounted.write_text("")
    slipway.converge()
    assert state(slipway, "sshd") == "STOPPED"
    time.sleep(6)  # the watcher looks every five seconds, and nothing tells that it has
    slipway.check_output("sh", "-c", f"echo '{key.public}' >> /root/.ssh/authorized_keys")
    slipway.wait_ssh(key)
    slipway.check_output("supervisorctl", "stop", "sshd")
    slipway.check_output("sh", "-c", "echo '# later' >> /root/.ssh/authorized_keys")
    time.sleep(6)  # likewise

    assert state(slipway, "sshd") == "STOPPED"


def test_a_broken_file_of_sshds_costs_no_login(start: Start, key: KeyPair) -> None:
    """
    A typo in a drop-in, and a convergence: it fails, names file and line, and sshd does without it.
    Mended, the next one has sshd read it.
    """
    slipway = start(environment={"SSH_PUBKEY": key.public})
    slipway.wait_ssh(key)
    slipway.wait_host_keys()
    drop_in = "/etc/ssh/sshd_config.d/00-a.conf"
    slipway.check_output("sh", "-c", f"echo 'PermitRootLogn yes' > {drop_in}")
    converged = slipway.exec("slipway", "converge")

    assert converged.code == 1
    assert f"{drop_in} line 1: Bad configuration option: PermitRootLogn" in converged.stdout
    slipway.wait_ssh(key)
    assert drop_in in slipway.health().stdout
    slipway.check_output("sh", "-c", f"echo 'ForceCommand echo mended' > {drop_in}")
    assert slipway.exec("slipway", "converge").code == 0
    slipway.wait_healthy()
    wait_until(lambda: slipway.ssh(key, "true").stdout == "mended\n", "sshd has read it")


def test_a_changed_section_of_sshds_leaves_it_running(start: Start, key: KeyPair) -> None:
    """
    A user's file can't take the place of a program of ours: it is left out and named.
    """
    slipway = start()
    slipway.wait_converged()
    add = f"mkdir -p /root/.ssh; echo '{key.public}' >> /root/.ssh/authorized_keys"
    slipway.check_output("sh", "-c", add)
    slipway.wait_ssh(key)
    wait_until(lambda: slipway.exec("test", "-e", "/run/slipway/unfinished").code != 0, "converged")
    before = pid(slipway, "sshd")
    slipway.check_output(
        "sh", "-c", "cd /etc/supervisor/conf.d; sed s/^priority=10/priority=11/ sshd.conf > zz.conf"
    )
    slipway.converge()

    assert pid(slipway, "sshd") == before
    assert "zz.conf" in slipway.health().stdout
    slipway.wait_ssh(key)
