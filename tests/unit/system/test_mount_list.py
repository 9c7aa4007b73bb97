"""
The list of mounts is as the kernel has it, at once.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from slipway.system import bounded_files
from slipway.system.bounded_files import BoundedFiles
from slipway.system.mount_list import MountList

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")


@needs_root
def test_a_mount_that_comes_or_goes_is_seen(tmp_path: Path) -> None:
    """
    Twenty times, without a moment between.
    """
    kept = MountList()
    point = f" {tmp_path} ".encode()
    for _ in range(20):
        assert point not in kept.content()
        subprocess.run(["mount", "-t", "tmpfs", "none", tmp_path], check=True)
        try:
            assert point in kept.content()
        finally:
            subprocess.run(["umount", tmp_path], check=True)
    kept.close()


def test_it_is_read_where_the_kernel_does_not_tell(tmp_path: Path) -> None:
    """
    An ordinary file tells of no change.
    """
    place = tmp_path / "mountinfo"
    place.write_text("one")
    kept = MountList(place)
    assert kept.content() == b"one"
    place.write_text("two")

    assert (kept.content(), kept.content(surely=True)) == (b"one", b"two")
    place.unlink()
    assert kept.content(surely=True) == b""


def test_who_looks_at_many_files_reads_the_list_anew_after_a_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    A mount that may hang is known a second later at most, whatever the kernel tells.
    """
    place = tmp_path / "mountinfo"
    line = "1 0 0:1 / {} rw - {} none rw\n"
    place.write_text(line.format("/", "overlay"))
    monkeypatch.setattr(bounded_files, "_MOUNTS", place)
    monkeypatch.setattr(bounded_files, "_kept", [])
    bounded_files.keep_list()
    assert not BoundedFiles().may_hang("/mnt/x")
    place.write_text(place.read_text() + line.format("/mnt", "fuse.rclone"))
    assert not BoundedFiles().may_hang("/mnt/x")
    monkeypatch.setattr(bounded_files, "_FRESH", 0)

    assert BoundedFiles().may_hang("/mnt/x")
