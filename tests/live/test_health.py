"""
Health is honest: it names what is wrong, soon, and only that; and it ends when that ends.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from slipway.ssh.banner import ADDRESS

from .conftest import KeyPair, Result, Slipway, wait_until
from .test_supervision import pid, program, state

Start = Callable[..., Slipway]
Record = Callable[[str, object], None]

INTERVAL = 5.0  # seconds: the Dockerfile's
LOADED = 10.0  # seconds beyond the figure in which a busy machine may do it


@pytest.fixture
def healthy(start: Start, key: KeyPair) -> Slipway:
    """
    A container that is well.
    """
    slipway = start(environment={"SSH_PUBKEY": key.public})
    slipway.wait_ssh(key)
    slipway.wait_healthy()
    return slipway


def seen_by_docker(slipway: Slipway) -> str:
    """
    Return what the engine's own HEALTHCHECK came to.
    """
    slipway.container.reload()
    return str(slipway.container.attrs["State"]["Health"]["Status"])


def complaint(slipway: Slipway) -> str:
    """
    Return why it is unhealthy; fails the test where it isn't.

    The exit code is the verdict; the words are asked for again where a busy engine has lost them.
    """

    def said() -> Result | None:
        health = slipway.health()
        assert health.code == 1, health
        return health if health.stdout else None

    health: Result = wait_until(said, "health's words")
    assert health.stdout.startswith("unhealthy: ")
    return health.stdout.removeprefix("unhealthy: ").strip()


def test_docker_sees_both_in_time(start: Start, key: KeyPair, record_property: Record) -> None:
    """
    Healthy within 15 seconds of the start; ill, three intervals until it is known; well again.
    """
    slipway = start(environment={"SSH_PUBKEY": key.public})
    begun = time.monotonic()
    wait_until(lambda: seen_by_docker(slipway) == "healthy", "healthy", 15 + LOADED)
    took = time.monotonic() - begun
    sshd = pid(slipway, "sshd")
    slipway.check_output("kill", "-STOP", str(sshd))
    begun = time.monotonic()
    wait_until(lambda: seen_by_docker(slipway) == "unhealthy", "unhealthy", 3 * INTERVAL + LOADED)
    known = time.monotonic() - begun
    slipway.check_output("kill", "-CONT", str(sshd))
    wait_until(lambda: seen_by_docker(slipway) == "healthy", "well again", 2 * INTERVAL + LOADED)
    record_property("seconds until healthy, unhealthy", (round(took, 1), round(known, 1)))


def test_what_hangs_is_named_within_five_seconds(healthy: Slipway) -> None:
    """
    A frozen sshd, and a frozen supervisord beside it: bounded, named, and over when they go on.
    """
    sshd = str(pid(healthy, "sshd"))
    supervisord = healthy.check_output("cat", "/run/supervisord.pid").strip()
    healthy.check_output("kill", "-STOP", sshd)
    assert complaint(healthy) == "sshd does not answer"
    healthy.check_output("kill", "-STOP", supervisord)
    begun = time.monotonic()
    assert complaint(healthy).startswith("supervisord does not answer")
    assert time.monotonic() - begun <= 5
    healthy.check_output("kill", "-CONT", supervisord, sshd)

    healthy.wait_healthy()


def test_it_follows_the_keys(start: Start, key: KeyPair, tmp_path: Path) -> None:
    """
    A running sshd is expected exactly while there is a key: the last one taken back, none is.
    """
    mounted = tmp_path / "authorized_keys"
    mounted.write_text(key.public)
    slipway = start(
        volumes={str(mounted): {"bind": "/root/.ssh/authorized_keys_mount", "mode": "ro"}}
    )
    slipway.wait_ssh(key)
    slipway.wait_healthy()
    mounted.write_text("")
    slipway.converge()

    assert state(slipway, "sshd") == "STOPPED"
    assert slipway.health().stdout.startswith("healthy (root can't log in: no key is there: ")


def test_a_crash_loop_is_no_health(start: Start, tmp_path: Path) -> None:
    """
    A program that dies four seconds after each start counts as RUNNING in between: unhealthy and
    named all the same, at every look once it has shown it. Well when it runs.
    """
    command = "sh -c 'test -e /ready && exec sleep 1000; sleep 4; exit 1'"
    slipway = start(volumes=program(tmp_path, "loop", command, "startsecs=3"))
    slipway.wait_converged()
    wait_until(lambda: slipway.health().code == 1, "unhealthy")
    begun = time.monotonic()
    seen = set()
    while time.monotonic() - begun < 9:  # two rounds of it
        assert "loop " in complaint(slipway)
        seen.add(state(slipway, "loop"))
    slipway.check_output("touch", "/ready")
    slipway.wait_healthy()

    assert "RUNNING" in seen


@pytest.mark.parametrize(
    ("lose", "why"),
    [
        ("rm /dev/nvidia1", "/dev/nvidia1 is gone"),
        # a node whose device the container may not open: what losing NVML looks like from inside
        ("rm /dev/nvidia1; mknod /dev/nvidia1 c 195 1", "/dev/nvidia1 can't be opened any more"),
    ],
    ids=["gone", "unreadable"],
)
def test_a_gpu_that_is_lost_is_named(start: Start, key: KeyPair, lose: str, why: str) -> None:
    """
    It was there at the start: unhealthy, also after another convergence, until it is back.
    """
    devices = [f"/dev/null:/dev/nvidia{number}" for number in (0, 1)]
    slipway = start(environment={"SSH_PUBKEY": key.public}, devices=devices)
    slipway.wait_ssh(key)
    slipway.wait_healthy()
    slipway.check_output("sh", "-c", lose)
    assert complaint(slipway) == f"GPU: {why}"
    slipway.converge()
    assert complaint(slipway) == f"GPU: {why}"
    slipway.check_output("sh", "-c", "rm -f /dev/nvidia1; mknod -m 666 /dev/nvidia1 c 1 3")

    slipway.wait_healthy()


def test_a_convergence_that_was_cut_off_is_named(healthy: Slipway) -> None:
    """
    Killed half-way: unhealthy until the next one has ended. One that runs changes no verdict.
    """
    cut_off = (
        "for moment in 0.1 0.15 0.2 0.25 0.3 0.4 0.5 0.1 0.2 0.3; do"
        " timeout --foreground -s KILL $moment slipway converge;"
        " [ ! -e /run/slipway/unfinished ] || exit 0; done; exit 1"
    )
    healthy.check_output("sh", "-c", cut_off)
    assert complaint(healthy) == "a convergence was cut off half-way: run `slipway converge`"
    healthy.converge()
    assert healthy.health().code == 0
    running = "flock /run/slipway/lock sh -c 'touch /run/slipway/unfinished; slipway health'"

    assert healthy.exec("sh", "-c", running).code == 0


def test_convergences_one_after_the_other_change_no_verdict(healthy: Slipway) -> None:
    """
    Looks without a pause while ten convergences run: healthy each time.
    """
    healthy.wait_host_keys()  # sshd closes its port for an instant when it gets its RSA key
    healthy.container.exec_run(
        ["sh", "-c", "for i in 1 2 3 4 5 6 7 8 9 10; do slipway converge; done; touch /done"],
        detach=True,
    )
    looks = [healthy.health()]
    while healthy.exec("test", "-e", "/done").code:
        looks.append(healthy.health())

    assert len(looks) > 2
    assert [look for look in looks if look.code != 0] == []


def test_a_command_is_expected_to_have_no_services(start: Start, key: KeyPair) -> None:
    """
    `docker run IMAGE command`: converged, no supervisord, healthy.
    """
    slipway = start("sleep", "1000", environment={"SSH_PUBKEY": key.public})
    slipway.wait_converged()

    assert slipway.health().stdout.startswith("healthy")
    slipway.converge()  # by hand, it is still without
    assert slipway.health().stdout.startswith("healthy")


def test_its_questions_are_not_in_sshds_log(healthy: Slipway, key: KeyPair) -> None:
    """
    Asked ten times: not a line of it, while a login and a port scan leave theirs.
    """
    for _ in range(10):
        assert healthy.health().code == 0
    scan = "exec 3<>/dev/tcp/127.0.0.1/22; head -c 4 <&3"
    assert healthy.check_output("bash", "-c", scan) == "SSH-"
    assert healthy.ssh(key, "true").code == 0
    log = wait_until(
        lambda: (
            "Accepted publickey" in (text := healthy.check_output("slipway", "logs", "sshd"))
            and text
        ),
        "the login in the log",
    )

    assert ADDRESS not in log
    assert ADDRESS not in healthy.check_output("cat", "/var/log/supervisor/sshd.log")
    assert "by 127.0.0.1 port" in log
