"""
The owner gets in, whoever else stands at the door.
"""

from __future__ import annotations

import os
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import paramiko
import pytest

from .conftest import KeyPair, Slipway, wait_until

Start = Callable[..., Slipway]

STRANGERS = 500
LOGINS = 50
CROWD = Path(__file__).with_name("clients") / "crowd.py"


@pytest.fixture
def slipway(start: Start, key: KeyPair) -> Slipway:
    """
    A container that nobody has knocked at, with all its host keys.
    """
    slipway = start(environment={"SSH_PUBKEY": key.public})
    slipway.wait_ssh(key)
    slipway.wait_host_keys()
    return slipway


@contextmanager
def crowd(start: Start, slipway: Slipway, *, words: str) -> Iterator[Slipway]:
    """
    Have strangers in a container of their own, hence with one address, who never log in.

    + words: "nothing", or "a version": with it sshd begins the key exchange and waits
    """
    strangers = start(
        str(CROWD), address(slipway), str(STRANGERS), words,
        entrypoint=["python3"], volumes=[f"{CROWD}:{CROWD}:ro"],
    )  # fmt: skip
    wait_until(lambda: f"{STRANGERS} are there" in strangers.logs(), "a crowd", 60)
    yield strangers
    strangers.container.kill()
    assert "was turned away" not in strangers.logs()


def address(slipway: Slipway) -> str:
    """
    Return the address that other containers reach it at.
    """
    slipway.container.reload()
    (network,) = slipway.container.attrs["NetworkSettings"]["Networks"].values()
    return str(network["IPAddress"])


@contextmanager
def health_throughout(slipway: Slipway) -> Iterator[list[str]]:
    """
    Ask for health all the time; yields the verdicts, which end with the block.
    """
    verdicts: list[str] = []
    is_over = threading.Event()

    def ask() -> None:
        while not is_over.is_set():
            said = slipway.health()
            # A busy engine loses an exec's output now and then: the exit code is the verdict
            verdicts.append(said.stdout.strip() or ("healthy" if said.code == 0 else str(said)))

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield verdicts
    finally:
        is_over.set()
        asking.join()
    assert set(verdicts) == {"healthy"}


def logins(slipway: Slipway, key: KeyPair, number: int) -> list[str]:
    """
    Log in so many times at once; returns what each said.

    With a patience for machines that are busy: what counts is that nobody is turned away.
    """
    command = [
        "ssh", "-F", "none", "-p", str(slipway.port(22)), "-i", str(key.path),
        "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=no",
        "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=60",
        "root@127.0.0.1", "echo in",
    ]  # fmt: skip

    def login(_number: int) -> str:
        done = subprocess.run(
            command, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL
        )
        return done.stdout or done.stderr

    with ThreadPoolExecutor(number) as pool:
        return list(pool.map(login, range(number)))


@pytest.mark.parametrize("words", ["nothing", "a version"])
def test_strangers_of_another_address_keep_nobody_out(
    start: Start, slipway: Slipway, key: KeyPair, words: str
) -> None:
    """
    500 connections that never log in, and 50 logins at once.
    """
    with crowd(start, slipway, words=words), health_throughout(slipway):
        assert logins(slipway, key, LOGINS) == ["in\n"] * LOGINS


def test_strangers_of_the_same_address_keep_nobody_out(
    start: Start, slipway: Slipway, key: KeyPair
) -> None:
    """
    As all clients are of one behind NAT, a cloud's proxy or Docker's userland proxy.
    """
    line = (
        "ssh -F none -i /tmp/key -o BatchMode=yes -o StrictHostKeyChecking=no -o LogLevel=ERROR "
        f"-o UserKnownHostsFile=/dev/null root@{address(slipway)} echo in"
    )
    script = f"for i in $(seq {LOGINS}); do {line} & done; wait"
    with crowd(start, slipway, words="nothing") as strangers, health_throughout(slipway):
        install = 'umask 077; printf "%s\\n" "$1" > /tmp/key'
        assert strangers.exec("sh", "-c", install, "sh", key.path.read_text()).code == 0
        done = strangers.exec("sh", "-c", script)

    assert done.stdout.split() == ["in"] * LOGINS, done.stderr


def test_a_crowd_of_one_address_leaves_room_for_others(start: Start, key: KeyPair) -> None:
    """
    In a container with little memory too, where it can't have all that it asks for.
    """
    slipway = start(environment={"SSH_PUBKEY": key.public}, mem_limit="1g", pids_limit=2048)
    slipway.wait_ssh(key)
    slipway.wait_host_keys()
    strangers = start(
        str(CROWD), address(slipway), str(STRANGERS), "a version",
        entrypoint=["python3"], volumes=[f"{CROWD}:{CROWD}:ro"],
    )  # fmt: skip
    wait_until(lambda: "was turned away" in strangers.logs(), "a crowd", 60)

    with health_throughout(slipway):
        assert logins(slipway, key, LOGINS) == ["in\n"] * LOGINS
    assert int(slipway.check_output("sh", "-c", f"cat {MEMORY} | head -n 1")) < 768 << 20


MEMORY = "/sys/fs/cgroup/memory.current /sys/fs/cgroup/memory/memory.usage_in_bytes 2>/dev/null"


def test_an_agent_may_hold_many_keys(
    slipway: Slipway, key: KeyPair, make_key: Callable[..., KeyPair], tmp_path: Path
) -> None:
    """
    The right one after 50 others, in one connection.
    """
    socket = tmp_path / "agent"
    wrong = [make_key().path for _ in range(50)]
    with subprocess.Popen(["ssh-agent", "-D", "-a", socket], stdout=subprocess.DEVNULL) as agent:
        wait_until(socket.exists, "an agent")
        environment = {**os.environ, "SSH_AUTH_SOCK": str(socket)}
        for path in [*wrong, key.path]:
            subprocess.run(["ssh-add", "-q", path], check=True, env=environment)
        done = subprocess.run(
            [
                "ssh", "-F", "none", "-p", str(slipway.port(22)), "-o", "BatchMode=yes",
                "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
                "root@127.0.0.1", "echo in",
            ],
            check=False, capture_output=True, text=True, env=environment, timeout=60,
        )  # fmt: skip
        agent.terminate()

    assert done.stdout == "in\n", done.stderr


def test_wrong_keys_lock_nobody_out(slipway: Slipway, key: KeyPair, other_key: KeyPair) -> None:
    """
    The right key gets in after 50 logins with a wrong one from its address, at its first try.
    """
    with health_throughout(slipway):
        refused = logins(slipway, other_key, LOGINS)
        assert slipway.ssh(key, "echo in").stdout == "in\n"

    assert all("Permission denied (publickey)" in said for said in refused)


def test_no_password_opens_a_session(slipway: Slipway, key: KeyPair) -> None:
    """
    0 logins in 2,000 tries, as root and as others, though the client asks for it unoffered.
    """
    users, tries = ["root", "admin", "sshd", "nobody"], 2000

    def attempt(number: int) -> list[str]:
        with paramiko.Transport(("127.0.0.1", slipway.port(22))) as transport:
            transport.start_client(timeout=30)
            return [
                _with_password(transport, users[number % len(users)], f"{number}-{password}")
                for password in range(50)
            ]

    with health_throughout(slipway), ThreadPoolExecutor(8) as pool:
        outcomes = [said for each in pool.map(attempt, range(tries // 50)) for said in each]
        assert slipway.ssh(key, "echo in").stdout == "in\n"

    assert outcomes == ["['publickey']"] * tries


def _with_password(transport: paramiko.Transport, user: str, password: str) -> str:
    """
    Return what sshd has instead, "" where the password opens a session.
    """
    try:
        transport.auth_password(user, password, fallback=False)
    except paramiko.BadAuthenticationType as error:
        return str(error.allowed_types)
    return ""


def test_a_short_rsa_key_is_refused_by_name(start: Start, key: KeyPair, tmp_path: Path) -> None:
    """
    By us with the rule, and by sshd where somebody else put it into the file.
    """
    short = KeyPair(tmp_path / "id_rsa", "")
    command = ["ssh-keygen", "-qt", "rsa", "-b", "1024", "-N", "", "-f", str(short.path)]
    subprocess.run(command, check=True)
    line = short.path.with_name("id_rsa.pub").read_text().strip()
    slipway = start(environment={"SSH_PUBKEY": f"{line}\n{key.public}"})
    slipway.wait_ssh(key)
    report: dict[str, Any] = slipway.wait_converged()
    slipway.exec("sh", "-c", 'echo "$1" >> /root/.ssh/authorized_keys', "sh", line)

    (refusal,) = report["refusals"]
    assert refusal["variable"] == "SSH_PUBKEY line 1"
    assert re.search("RSA key of less than 2048 .*bits", refusal["rule"])
    assert "Permission denied" in slipway.ssh(short, "true").stderr
