"""
The follower's life: what it waits for, and how it ends.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
import termios
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from slipway.services.logs import follow as logs
from tests.unit.services.logs.conftest import DEADLINE, PROJECT, Follower, append, until

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_reader_that_does_not_read(
    directory: Path, follow: Callable[..., Follower], number: int
) -> None:
    """
    It blocks the follower, which doesn't grow, and still ends when told to.
    """
    ours, theirs = os.pipe()
    fcntl.fcntl(theirs, fcntl.F_SETPIPE_SZ, 4096)
    follower = follow(stdout=theirs)
    os.close(theirs)
    until(follower.asleep, "idle")
    before = follower.status("VmHWM")
    for _ in range(100):
        append(directory / "a.log", b"x" * 999_999 + b"\n")

    def full() -> bool:
        waiting = bytearray(4)
        fcntl.ioctl(ours, termios.FIONREAD, waiting)
        return int.from_bytes(waiting, sys.byteorder) == 4096 and follower.asleep()

    until(full, "blocked")
    assert follower.status("VmHWM") < before + 8_000
    assert follower.end(number) == 0
    os.close(ours)


@pytest.mark.parametrize("idle", [True, False])
def test_a_reader_that_leaves(
    directory: Path, follow: Callable[..., Follower], *, idle: bool
) -> None:
    """
    Ends the following with 0, also while no program writes.
    """
    ours, theirs = os.pipe()
    follower = follow(stdout=theirs)
    os.close(theirs)
    append(directory / "a.log", b"1\n")
    assert os.read(ours, 4096).endswith(b"| 1\n")
    if not idle:
        follower.pause()
        append(directory / "a.log", b"2\n")
    os.close(ours)
    follower.proceed()

    assert follower.process.wait(DEADLINE) == 0


def test_nothing_happens_while_nothing_happens(
    directory: Path, tmp_path: Path, follow: Callable[..., Follower]
) -> None:
    """
    Not one wake-up in two seconds, in which every timer would have run.
    """
    offsets = tmp_path / "offsets"
    follower = follow(offsets=str(offsets))
    append(directory / "a.log", b"1\nhalf")
    follower.shows(("a", b"1"), ("a", b"half"))
    until(lambda: offsets.exists() and json.loads(offsets.read_text())["a"][1] == 6, "saved")
    until(follower.asleep, "idle")
    before = follower.status("voluntary_ctxt_switches")
    time.sleep(2)  # the subject of the test, not synchronisation

    assert follower.status("voluntary_ctxt_switches") == before


def test_a_descriptor_ends_it_in_a_thread(directory: Path) -> None:
    """
    No signal handlers there: they are the main thread's.
    """
    written: list[bytes] = []
    stop, go = os.pipe()
    thread = threading.Thread(
        target=logs.follow, args=(directory, written.append), kwargs={"stop": stop}
    )
    thread.start()
    append(directory / "a.log", b"1\n")
    until(lambda: written, "a line")
    os.write(go, b".")
    thread.join(DEADLINE)

    assert not thread.is_alive()
    os.close(stop)
    os.close(go)


def test_it_is_small() -> None:
    """
    What it imports is resident as long as the container.
    """
    code = "import slipway.services.logs.follow, sys; print(*sys.modules)"
    imported = subprocess.check_output([sys.executable, "-S", "-c", code], cwd=PROJECT).split()

    assert not {b"pathlib", b"typing", b"subprocess", b"logging", b"asyncio"} & set(imported)
