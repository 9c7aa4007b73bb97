"""
The process that a container was started with, where PID 1 may be another container's.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from slipway.system import pid_one

OURS, ANOTHERS = "mnt:[4026532630]", "mnt:[4026532555]"


def put(proc: Path, name: str, *, began: int = 0, group: str = "/ours", mounts: str = OURS) -> None:
    """
    Add a process; with no mounts it is one that root may not look at.
    """
    (proc / name / "ns").mkdir(parents=True)
    (proc / name / "stat").write_text(f"7 (a) b) S {' '.join(['0'] * 18)} {began} 0\n")
    (proc / name / "cgroup").write_text(f"0::{group}\n")
    if mounts:
        (proc / name / "ns/mnt").symlink_to(mounts)


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        ({}, 1),
        ({"mounts": ANOTHERS}, 1),  # we are in unshare(1)
        ({"group": "/ours/init"}, 1),  # a daemon moves its processes
        ({"group": "/ours/init", "mounts": ANOTHERS}, 40),
        ({"group": "/../pod", "mounts": ANOTHERS}, 40),
        ({"group": "/../../init.scope", "mounts": ""}, 40),  # the machine's
    ],
)
def test_the_oldest_process_with_our_mounts(
    tmp_path: Path, first: dict[str, str], expected: int
) -> None:
    """
    What has been started in the container since is younger, whatever its number is.
    """
    put(tmp_path, "1", began=5, **first)
    put(tmp_path, "9", began=800)
    put(tmp_path, "40", began=70)
    put(tmp_path, "50", began=6, group="/another", mounts=ANOTHERS)
    put(tmp_path, "60", began=7, group="/another", mounts="")
    put(tmp_path, "self", began=800)

    assert pid_one.number(tmp_path) == expected


def test_without_a_view_of_processes_it_is_pid_1(tmp_path: Path) -> None:
    """
    `hidepid`, or no /proc at all.
    """
    assert pid_one.number(tmp_path) == 1
    put(tmp_path, "1", group="/another", mounts="")
    put(tmp_path, "self", mounts="")
    assert pid_one.number(tmp_path / "none") == 1


def test_here() -> None:
    """
    A process that every process of this container sees.
    """
    assert os.path.exists(pid_one.path("stat"))  # noqa: PTH110
