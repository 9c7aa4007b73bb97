"""
A person at a terminal gets a prompt, or health names the file that costs it.

Each row adds lines to a start-up file of the shell in one running container, and takes them away.
"""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Callable
from typing import NamedTuple

import pytest

from .conftest import KeyPair, Slipway, wait_until

Start = Callable[..., Slipway]

PATIENCE = 4.0  # seconds for a prompt: a machine may be busy
ENDS, WAITS = "its shell ends with exit code", "its shell has no prompt after"
INTERACTIVE = "case $- in *i*) {} ;; esac"


class Row(NamedTuple):
    """
    Lines that a file gets.
    """

    path: str
    text: str
    words: str = ""  # in health's line; "" where all is well
    has_prompt: bool = False
    is_ill: bool = True


def bashrc(text: str, words: str = "", **expected: bool) -> Row:
    """
    Return a row that interactive shells alone meet.
    """
    return Row("/root/.bashrc", INTERACTIVE.format(text), words, **expected)


ROWS = {
    "exit": bashrc("exit 3", f"{ENDS} 3 before its prompt"),
    "a program that is missing": bashrc("exec zsh", "exec: zsh: not found"),
    ".profile": Row("/root/.profile", "sleep 98", WAITS),
    "a sourced file": Row("/root/.more", INTERACTIVE.format("exit 3"), "(/root/.more line 1)"),
    "profile.d": Row("/etc/profile.d/zz.sh", "exit 3", "(/etc/profile.d/zz.sh line 1)"),
    "asks": bashrc("read x", "asks for a line before its prompt", is_ill=False),
    # tmux runs, and would attach to its user's sessions
    "a multiplexer": bashrc("tmux attach || true", has_prompt=True),
    "a mail": bashrc("touch /tmp/mail", has_prompt=True),
}


@pytest.fixture(scope="module")
def slipway(slipway: Slipway) -> Slipway:
    """
    A container that is well, where .bashrc reads another file.
    """
    slipway.check_output("sh", "-c", "echo '[ ! -e ~/.more ] || . ~/.more' >> /root/.bashrc")
    slipway.wait_healthy()
    return slipway


def has_prompt(slipway: Slipway, key: KeyPair, *words: str) -> bool:
    """
    Tell whether a person who types at a terminal is answered.
    """
    # fmt: off
    command = [
        "ssh", "-F", "none", "-tt", *slipway.way(22), "-i", str(key.path), "-o", "BatchMode=yes",
        "-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=no",
        "-o", "UserKnownHostsFile=/dev/null", "root@127.0.0.1", *words,
    ]
    # fmt: on
    said, typed, deadline = b"", False, time.monotonic() + PATIENCE
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe) as ssh:
        assert ssh.stdin
        assert ssh.stdout
        os.set_blocking(ssh.stdout.fileno(), False)
        while ssh.poll() is None and b"answer 42" not in said and time.monotonic() < deadline:
            said += ssh.stdout.read() or b""
            if not typed and re.search(rb"[#$] ", said):
                typed = True
                ssh.stdin.write(b"echo answer $((40+2))\n")
                ssh.stdin.flush()
            time.sleep(0.02)
        ssh.kill()
    return b"answer 42" in said


@pytest.mark.parametrize("name", ROWS)
def test_what_costs_a_terminal_its_prompt_is_named(
    slipway: Slipway, key: KeyPair, name: str
) -> None:
    """
    And what costs none is not. Commands go on, and a way around the files is there.
    """
    row = ROWS[name]
    keep = f"[ ! -e {row.path} ] || cp -p {row.path} /tmp/kept"
    mend = f"if [ -e /tmp/kept ]; then mv /tmp/kept {row.path}; else rm {row.path}; fi"
    try:
        slipway.check_output("sh", "-c", f"{keep}; echo {row.text!r} >> {row.path}")
        if row.words:
            wait_until(lambda: row.words in slipway.health().stdout, f"named: {slipway.health()}")
        health = slipway.health()
        found = has_prompt(slipway, key)
        around = has_prompt(slipway, key, "bash --norc")
    finally:
        slipway.check_output("sh", "-c", mend)

    assert found is row.has_prompt
    assert around
    assert health.code == int(row.is_ill and bool(row.words)), health
    assert row.words or health.stdout == "healthy\n"
    assert row.path in health.stdout or not row.words
    assert slipway.ssh(key, "true").code == 0
    wait_until(lambda: slipway.health().stdout == "healthy\n", f"healthy: {slipway.health()}")


def test_what_is_tried_leaves_nothing(slipway: Slipway) -> None:
    """
    No process, no line in a history, nobody in the record of logins.
    """
    left = "pgrep -f 'sleep [9]8'; pgrep -fx -- -bash; cat /root/.bash_history; last -w | grep pts"
    before = slipway.exec("sh", "-c", left).stdout
    lines = INTERACTIVE.format("(sleep 98 &); sleep 98 & touch /tmp/ran")
    slipway.check_output("sh", "-c", f"echo '{lines}' >> /root/.bashrc")
    kept = "/run/slipway-health/terminal.json"
    asked = slipway.exec("cat", kept).stdout
    wait_until(lambda: slipway.health() and slipway.exec("cat", kept).stdout != asked, "tried")
    slipway.check_output("sed", "-i", "$d", "/root/.bashrc")

    wait_until(lambda: slipway.exec("sh", "-c", left).stdout == before, "all is gone")
    assert slipway.exec("ls", "/tmp/ran").code != 0
