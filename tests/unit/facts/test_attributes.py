"""
Which files root himself can't change, by the kernel and as lsattr tells it.
"""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from slipway.connectors.native import Inside
from slipway.facts.attributes import Unchangeable

_SET = 0x40086602  # FS_IOC_SETFLAGS of linux/fs.h


def _set(path: Path, flags: int) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        fcntl.ioctl(descriptor, _SET, struct.pack("l", flags))
    finally:
        os.close(descriptor)


@pytest.fixture
def places(tmp_path: Path) -> Iterator[dict[str, Path]]:
    """
    A file of each kind.
    """
    made = {name: tmp_path / name for name in ("plain", "immutable", "append only")}
    for path in made.values():
        path.write_text("x")
    try:
        _set(made["immutable"], 0x10)
        _set(made["append only"], 0x20)
    except OSError:
        pytest.skip("no such flags here")
    yield made
    for path in made.values():
        _set(path, 0)


def test_both_flags_are_seen_in_both_ways(places: dict[str, Path], tmp_path: Path) -> None:
    """
    Paths that are not there, or no files, have none.
    """
    os.mkfifo(tmp_path / "pipe")
    paths = [*map(str, places.values()), f"{tmp_path}/none", f"{tmp_path}/pipe"]
    command = Unchangeable().command(paths)
    assert isinstance(command, Inside)
    told = command.act().stdout.decode().splitlines()

    assert Unchangeable().process(told) == {
        str(places["immutable"]): "is immutable (chattr +i)",
        str(places["append only"]): "can only be appended to (chattr +a)",
    }


def test_what_lsattr_prints_is_read() -> None:
    lines = ["----i---------e------- /a b", "-----a--------e------- /c", "--------------e---- /d"]

    assert Unchangeable().process(lines) == {
        "/a b": "is immutable (chattr +i)",
        "/c": "can only be appended to (chattr +a)",
    }
