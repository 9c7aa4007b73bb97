"""
What the kernel says of processes.
"""

from __future__ import annotations

import os
import subprocess
import time

import pytest

from slipway.system import processes


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (b"State:\tS (sleeping)\nSigPnd:\t0000000000000000\nShdPnd:\t0000000000000000\n", False),
        (b"State:\tD (disk sleep)\nSigPnd:\t0000000000000000\nShdPnd:\t0000000000000000\n", False),
        (b"State:\tD (disk sleep)\nSigPnd:\t0000000000000100\nShdPnd:\t0000000000000100\n", True),
        (b"State:\tD (disk sleep)\nSigPnd:\t0000000000000000\nShdPnd:\t0000000000000100\n", True),
        (b"State:\tD (disk sleep)\nSigPnd:\t0000000000000100\nShdPnd:\t0000000000000000\n", True),
        (b"State:\tR (running)\nSigPnd:\t0000000000004002\nShdPnd:\t0000000000010002\n", False),
        (b"State:\tD (disk sleep)\nSigPnd:\t0000000000004100\nShdPnd:\t0000000000000000\n", True),
        (b"State:\tZ (zombie)\nSigPnd:\t0000000000000000\nShdPnd:\t0000000000000000\n", True),
        (b"Name:\tState: Z\nState:\tS (sleeping)\nSigPnd:\t0\nShdPnd:\t0\n", False),
        (b"", False),
    ],
)
def test_who_was_killed_is_dying(status: bytes, expected: bool) -> None:  # noqa: FBT001 - a row's
    """
    Whatever its threads wait for. As Linux 6 writes it; SIGTERM and SIGHUP are no kills.
    """
    assert processes.has_been_killed(status) == expected


def test_who_runs_is_not_dying() -> None:
    """
    Nor who is not there.
    """
    assert not processes.is_dying(os.getpid())
    assert not processes.is_dying(0)


def test_one_that_waits_is_not_ready() -> None:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as waiting:
        assert waiting.stdin
        assert waiting.stdout
        waiting.stdin.write(b"x")
        waiting.stdin.flush()
        waiting.stdout.read(1)
        deadline = time.monotonic() + 10
        while processes.is_ready(waiting.pid):
            assert time.monotonic() < deadline

    assert processes.is_ready(os.getpid())
    assert not processes.is_ready(waiting.pid)
