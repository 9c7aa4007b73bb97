"""
Slow and hanging told apart, on a machine that is as busy as it may be.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from slipway.system import slow

BUSY = 40  # programs on one processor: each has a fortieth of it
LOOP = "while True: pass"


@pytest.fixture
def processor() -> Iterator[int]:
    """
    One processor that everybody wants.
    """
    number = min(os.sched_getaffinity(0))
    words = ["taskset", "-c", str(number), sys.executable, "-c", LOOP]
    loops = [subprocess.Popen(words, start_new_session=True) for _ in range(BUSY)]
    yield number
    for each in loops:
        each.kill()
        each.wait()


def test_what_waits_for_the_processor_works(processor: int) -> None:
    """
    A tenth of a second of work takes seconds there, and is waited for.
    """
    work = "import time\nwhile time.process_time() < 0.1: pass\nprint('done')"
    words = ["taskset", "-c", str(processor), sys.executable, "-I", "-S", "-c", work]

    assert slow.run(words, patience=0.5 * 20).stdout == b"done\n"


@pytest.mark.parametrize(
    "hangs",
    [
        "cat fifo",
        "read -r line < fifo",
        "sleep 77",
        "sleep 77 & wait",
        "kill -STOP $$",
        "exec 3<> fifo; cat <&3",
        "while :; do sleep 1; done",
        "sleep 77 | cat",
    ],
)
def test_what_hangs_is_ended_in_time(tmp_path: Path, hangs: str) -> None:
    os.mkfifo(tmp_path / "fifo")
    began = time.monotonic()

    with pytest.raises(subprocess.TimeoutExpired):
        slow.run(["sh", "-c", f"cd {tmp_path}; {hangs}"], patience=0.2)
    assert time.monotonic() - began < 60  # and not the 77 seconds of `sleep`


def test_what_never_ends_is_ended() -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        slow.run([sys.executable, "-c", LOOP], patience=0.1)


def test_what_is_given_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Also by what reads it late.
    """
    monkeypatch.setattr(slow, "_LONGEST", 1000)
    words = [
        "sh",
        "-c",
        "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; cat; echo e >&2; exit 3",
    ]
    done = slow.run(words, patience=0.05, given=b"x" * 60_000)

    assert (done.returncode, done.stdout, done.stderr) == (3, b"x" * 60_000, b"e\n")
