"""
A mount point, looked at through the kernel's list of mounts.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from slipway.remotes.mounted import mountpoint

List = Callable[..., None]


@pytest.fixture
def mounted(monkeypatch: pytest.MonkeyPatch) -> List:
    """
    Say what the kernel's list has: pairs of a point and a type.
    """
    real = Path.read_text

    def list_(*mounts: tuple[Path, str]) -> None:
        escaped = [(str(point).replace(" ", r"\040"), kind) for point, kind in mounts]
        text = "".join(f"1 2 0:3 / {point} rw - {kind} x rw\n" for point, kind in escaped)

        def read_text(path: Path, **options: Any) -> str:
            return text if str(path) == "/proc/self/mountinfo" else real(path, **options)

        monkeypatch.setattr(Path, "read_text", read_text)

    return list_


def test_what_is_mounted_there(tmp_path: Path, mounted: List) -> None:
    """
    All of it, one over the other; not what is mounted above or below.
    """
    point = tmp_path / "a b"
    mounted(
        (tmp_path, "ext4"), (point, "tmpfs"), (point, "fuse.rclone"), (point / "below", "tmpfs")
    )

    assert [mount.type for mount in mountpoint.mounts(point)] == ["tmpfs", "fuse.rclone"]
    assert mountpoint.mounts(tmp_path / "a") == []


def test_a_mount_that_answers_is_served(tmp_path: Path, mounted: List) -> None:
    """
    Only rclone's count.
    """
    mounted((tmp_path, "fuse.rclone"))
    assert mountpoint.is_served(tmp_path)
    mounted((tmp_path, "tmpfs"), (tmp_path / "below", "fuse.rclone"))

    assert not mountpoint.is_served(tmp_path)


STATS = {
    "stat: cannot statx 'x': Transport endpoint is not connected": False,
    "stat: cannot statx 'x': Input/output error": True,
    "": True,  # it was killed when its time was over
}


@pytest.mark.parametrize("words", STATS)
def test_only_a_mount_without_a_server_is_not_served(
    tmp_path: Path, mounted: List, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    """
    One that is slow, or has another error, may be somebody's.
    """
    asked = []

    def run(command: list[str], **_options: Any) -> subprocess.CompletedProcess[bytes]:
        asked.append(command)
        return subprocess.CompletedProcess(command, 1, b"", words.encode())

    monkeypatch.setattr(subprocess, "run", run)
    mounted((tmp_path, "fuse.rclone"))

    assert mountpoint.is_served(tmp_path) is STATS[words]
    assert asked == [["timeout", "-s", "KILL", "5.0", "stat", "--", str(tmp_path)]]


def test_a_stale_mount_is_taken_away(
    tmp_path: Path, mounted: List, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    As often as it is there; nothing else is.
    """
    program = tmp_path / "umount"
    program.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/did\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    point = tmp_path / "-u"
    mounted((point, "fuse.rclone"), (point, "tmpfs"), (point, "fuse.rclone"), (tmp_path, "x"))
    mountpoint.clear(point)

    assert (tmp_path / "did").read_text().splitlines() == [f"-l -i -c -- {point}"] * 2
