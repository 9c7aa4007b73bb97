"""
Every service's lines on the container's output: all of them, once, named, at once.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import KeyPair, Slipway, wait_until
from .test_supervision import program

Start = Callable[..., Slipway]

LINES = 3000


@pytest.fixture
def talking(start: Start, key: KeyPair, tmp_path: Path) -> Slipway:
    """
    A container with a program that says `begun` when it starts and what /say is told.
    """
    command = "sh -c 'echo begun; mkfifo /say; while :; do cat /say; done'"
    options = ("stdout_logfile=/var/log/supervisor/talker.log", "stdout_logfile_maxbytes=20KB")
    slipway = start(
        environment={"SSH_PUBKEY": key.public},
        volumes=program(tmp_path, "talker", command, *options, "stdout_logfile_backups=50"),
    )
    slipway.wait_ssh(key)
    wait_until(lambda: slipway.exec("test", "-p", "/say").code == 0, "it listens")
    return slipway


def said(slipway: Slipway, word: str) -> list[str]:
    """
    Return the talker's lines that hold a word.
    """
    lines = [line for line in slipway.logs().splitlines() if line.startswith("talker ")]
    return [line for line in lines if word in line]


def test_nothing_is_lost_or_said_twice(talking: Slipway) -> None:
    """
    From the first line on, over rotations and a restart of the container, each line once.
    """
    wait_until(lambda: said(talking, "begun"), "the first line")
    talking.check_output("sh", "-c", f"seq -f 'line %g.' {LINES} > /say")
    wait_until(lambda: said(talking, f"line {LINES}."), "the last line")
    assert talking.exec("test", "-e", "/var/log/supervisor/talker.log.1").code == 0
    talking.check_output("rm", "/say")
    talking.restart()
    wait_until(lambda: len(said(talking, "begun")) == 2, "it has begun again")
    numbers = [line.rpartition("line ")[2].rstrip(".") for line in said(talking, "line ")]

    assert numbers == [str(number) for number in range(1, LINES + 1)]


def test_what_comes_later_is_followed_within_a_second(talking: Slipway, key: KeyPair) -> None:
    """
    A log that appears later is on the container's output, and in `slipway logs -f` over ssh.
    """
    # fmt: off
    session = subprocess.Popen(
        ["ssh", "-F", "none", "-p", str(talking.port(22)), "-i", str(key.path),
         "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "LogLevel=ERROR",
         "-o", "UserKnownHostsFile=/dev/null", "root@127.0.0.1", "slipway logs -f later"],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
    )
    # fmt: on
    try:
        follower = "pgrep -f '[l]ogs -f later'"
        wait_until(lambda: talking.exec("sh", "-c", follower).code == 0, "it follows")
        talking.check_output("sh", "-c", "echo hello > /var/log/supervisor/later.log")
        begun = time.monotonic()
        wait_until(lambda: "later" in talking.logs(), "it is on the output")
        took = time.monotonic() - begun
        assert session.stdout is not None
        line = session.stdout.readline()
        talking.check_output("sh", "-c", "echo again >> /var/log/supervisor/later.log")
        again = session.stdout.readline()
    finally:
        session.kill()
        session.wait()

    assert took <= 1 + 1  # a second, and one for the looking on a busy machine
    assert line.startswith("later")
    assert line.endswith(" hello\n")  # with its time, if it did not come before the follower
    assert again.endswith("Z again\n")
    assert "\033" not in line


def test_an_idle_supervisord_costs_next_to_nothing(talking: Slipway) -> None:
    """
    Hardly any CPU in five seconds in which nobody says anything; 32 MB, whatever was said.
    """
    talking.check_output("sh", "-c", f"seq -f 'line %g.' {LINES} > /say")
    wait_until(lambda: said(talking, f"line {LINES}."), "the last line")
    find = "cat /proc/$(cat /run/supervisord.pid)"
    ticks = f"{find}/stat | cut -d' ' -f14,15"
    own = "/var/log/supervisor/supervisord.log"
    wait_until(lambda: "success: sshd" in talking.check_output("cat", own), "nothing is under way")
    before = talking.check_output("sh", "-c", f"sleep 2; {ticks}")
    after = talking.check_output("sh", "-c", f"sleep 5; {ticks}")
    memory = talking.check_output("sh", "-c", f"{find}/status | grep VmRSS").split()[1]

    assert sum(map(int, after.split())) - sum(map(int, before.split())) <= 5  # of 500
    assert int(memory) <= 32 * 1024
