"""
Keys: all ways of giving one, and of taking it back.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import KeyPair, Slipway

Start = Callable[..., Slipway]


def test_all_ways_of_giving_a_key_are_merged(
    start: Start, make_key: Callable[..., KeyPair], tmp_path: Path
) -> None:
    """
    Three variables and the mounted file, one line a key, in that order, each key once.
    """
    keys = [make_key(comment=f"key {number}") for number in range(4)]
    mounted = tmp_path / "authorized_keys"
    mounted.write_text(f"{keys[3].public}\n{keys[0].public}\n")
    slipway = start(
        environment={
            "SSH_PUBKEY": keys[0].public,
            "PUBLIC_KEY": f"{keys[1].public}\n{keys[0].public}",
            "SSH_PUBLIC_KEY": keys[2].public,
        },
        volumes={str(mounted): {"bind": "/root/.ssh/authorized_keys_mount", "mode": "ro"}},
    )
    slipway.wait_ssh(keys[3])

    lines = slipway.check_output("cat", "/root/.ssh/authorized_keys").splitlines()
    assert lines == [pair.public for pair in keys]


@pytest.mark.parametrize("mode", ["ro", "rw"])
def test_a_key_file_mounted_in_its_place_opens_a_session(
    start: Start, key: KeyPair, other_key: KeyPair, tmp_path: Path, mode: str
) -> None:
    """
    Another user's, whom sshd would not trust, and beside it a key by variable: both get in.
    """
    mounted = tmp_path / "id.pub"
    mounted.write_text(f"{other_key.public}\n")
    mounted.chmod(0o664)
    os.chown(mounted, 1000, 1000)
    place = {"bind": "/root/.ssh/authorized_keys", "mode": mode}
    slipway = start(environment={"SSH_PUBKEY": key.public}, volumes={str(mounted): place})
    slipway.wait_ssh(key)
    slipway.wait_ssh(other_key)
    slipway.wait_healthy()
    slipway.wait_host_keys()
    status = mounted.stat()

    assert slipway.converge()["totals"] == {
        **slipway.converge()["totals"],
        "changed": 0,
        "failed": 0,
    }
    assert mounted.read_text() == f"{other_key.public}\n"
    assert (status.st_uid, status.st_mode & 0o777) == (1000, 0o664)
    assert "/root/.ssh/authorized_keys is mounted: it stays as it is" in slipway.logs()
    assert slipway.exec("slipway", "verify").code == 0


@pytest.mark.parametrize("mode", ["ro", "rw"])
def test_a_directory_mounted_in_its_place_stays_its_owners(
    start: Start, key: KeyPair, other_key: KeyPair, tmp_path: Path, mode: str
) -> None:
    """
    `-v ~/.ssh:/root/.ssh`: nothing in it is changed; the key by variable gets in in any case.

    Those in it do where it is read-only: else that user could let anybody in, at any time.
    """
    place = tmp_path / "ssh"
    place.mkdir(0o700)
    file = place / "authorized_keys"
    file.write_text(f"{other_key.public}\n")
    for path in (place, file):
        os.chown(path, 1000, 1000)
    bind = {"bind": "/root/.ssh", "mode": mode}
    slipway = start(environment={"SSH_PUBKEY": key.public}, volumes={str(place): bind})
    slipway.wait_ssh(key)
    slipway.wait_healthy()

    assert (slipway.ssh(other_key, "true").code == 0) is (mode == "ro")
    assert [path.name for path in place.iterdir()] == ["authorized_keys"]
    assert file.read_text() == f"{other_key.public}\n"
    assert (file.stat().st_uid, place.stat().st_mode & 0o777) == (1000, 0o700)


def test_without_a_key_sshd_waits_for_one(start: Start, key: KeyPair, tmp_path: Path) -> None:
    """
    No key: no sshd, and yet healthy. A key that comes later starts it, without a restart.
    """
    mounted = tmp_path / "authorized_keys"
    mounted.write_text("")
    slipway = start(
        volumes={str(mounted): {"bind": "/root/.ssh/authorized_keys_mount", "mode": "ro"}}
    )
    slipway.wait_converged()
    slipway.wait_healthy()
    assert "STOPPED" in slipway.exec("supervisorctl", "status", "sshd").stdout
    mounted.write_text(key.public)
    report = slipway.converge()

    changed = [entry["task"] for entry in report["operations"] if entry["outcome"] == "changed"]
    assert set(changed) == {"SSH"}
    slipway.wait_ssh(key)


def test_a_key_put_there_by_hand_is_enough(start: Start, key: KeyPair) -> None:
    """
    A cloud's hook that appends to authorized_keys later starts sshd: no restart, no command.
    """
    slipway = start()
    slipway.wait_converged()
    slipway.check_output(
        "sh", "-c", f"mkdir -p /root/.ssh && echo '{key.public}' >> /root/.ssh/authorized_keys"
    )

    slipway.wait_ssh(key)


def test_a_key_taken_back_goes_and_others_stay(
    start: Start, key: KeyPair, other_key: KeyPair, make_key: Callable[..., KeyPair], tmp_path: Path
) -> None:
    """
    What Slipway put in and is no longer given goes; what somebody else added is his.
    """
    foreign = make_key(comment="put there by hand")
    mounted = tmp_path / "authorized_keys"
    mounted.write_text(f"{key.public}\n{other_key.public}\n")
    slipway = start(
        volumes={str(mounted): {"bind": "/root/.ssh/authorized_keys_mount", "mode": "ro"}}
    )
    slipway.wait_ssh(key)
    add = f"printf '# mine\\n{foreign.public}' >> /root/.ssh/authorized_keys"
    slipway.check_output("sh", "-c", add)
    mounted.write_text(f"{key.public}\n")
    slipway.converge()

    lines = slipway.check_output("cat", "/root/.ssh/authorized_keys").splitlines()
    assert lines == [key.public, "# mine", foreign.public]


def test_two_containers_of_a_committed_image_have_host_keys_of_their_own(
    commit: Callable[[Any], str], start: Start, key: KeyPair
) -> None:
    """
    `docker commit` copies the first one's; it keeps its own, over restarts, too.
    """
    public = "/etc/ssh/ssh_host_ed25519_key.pub"
    first = start(environment={"SSH_PUBKEY": key.public})
    first.wait_ssh(key)
    known = first.check_output("cat", public)
    name = commit(first.container)
    others = [start(image=name, environment={"SSH_PUBKEY": key.public}) for _ in range(2)]
    for other in others:
        other.wait_ssh(key)
    keys = [other.check_output("cat", public) for other in (first, *others)]
    for other in (first, *others):
        other.restart()
    places = ("/run", "/tmp", "/var/log/supervisor", "/var/lib/slipway")
    closed = start(
        image=name,
        environment={"SSH_PUBKEY": key.public},
        read_only=True,
        tmpfs=dict.fromkeys(places, ""),
    )
    closed.wait_ssh(key)
    served = closed.check_output("sh", "-c", "ssh-keyscan -t ed25519 127.0.0.1 2>/dev/null")

    assert served.split()[2] not in known
    assert "its host keys are the image's" in closed.check_output("slipway", "status")
    assert len(set(keys)) == 3
    assert keys[0] == known
    assert [other.check_output("cat", public) for other in (first, *others)] == keys
