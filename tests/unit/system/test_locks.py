"""
Locks between processes.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from slipway.system import locks


def test_a_lock_dies_with_its_holder(tmp_path: Path) -> None:
    """
    SIGKILL leaves no lock behind.
    """
    lock = tmp_path / "lock"
    hold = (
        "import pathlib, sys, time; from slipway.system import locks\n"
        "with locks.hold(pathlib.Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", hold, lock], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    held = subprocess.run(["flock", "--nonblock", lock, "true"], check=False).returncode
    holder.kill()
    holder.wait()
    holder.stdout.close()
    with locks.hold(lock):
        pass

    assert held == 1


def test_a_lock_that_somebody_has_is_not_waited_for(tmp_path: Path) -> None:
    """
    It is free again once its holder lets go of it; a lock that was never taken is no lock.
    """
    lock = tmp_path / "lock"
    assert not locks.is_held(lock)
    taken = locks.take(lock)
    assert taken is not None
    assert (locks.take(lock), locks.is_held(lock)) == (None, True)
    taken.close()

    assert not locks.is_held(lock)
    again = locks.take(lock)
    assert again is not None
    again.close()


def test_a_fifo_in_a_locks_place_is_not_waited_for(tmp_path: Path) -> None:
    """
    Whoever asks goes on.
    """
    os.mkfifo(tmp_path / "lock")

    assert not locks.is_held(tmp_path / "lock")
    with pytest.raises(OSError, match="No such device"):
        locks.take(tmp_path / "lock")


@pytest.mark.parametrize(
    "command",
    [
        "true",
        "mkdir {}",
        "mkfifo {}",
        "ln -s {0} {0}",
        "ln -s /nowhere {}",
        "mkdir {0}.d; ln -s {0}.d {0}",
        "ln -s /dev/zero {}",
        "ln -s /etc/passwd/below {}",
        "mknod {} b 200 200",
        "python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' {}",
    ],
)
def test_nobody_holds_a_lock_where_no_lock_is(tmp_path: Path, command: str) -> None:
    """
    Who only looks whether one is held goes on.
    """
    subprocess.run(["sh", "-c", command.format("lock")], check=True, cwd=tmp_path)

    assert not locks.is_held(tmp_path / "lock")
    assert locks.wait(tmp_path / "lock", seconds=5)
