"""
Files that may not be there.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from slipway.system import bounded_files, files


def test_only_a_file_that_is_not_there_has_no_content(tmp_path: Path) -> None:
    """
    Anything else that keeps it from being read is an error: the file may say something.
    """
    (tmp_path / "file").write_bytes(b"")

    assert files.content(tmp_path / "file") == b""
    assert files.content(tmp_path / "none") is None
    with pytest.raises(IsADirectoryError):
        files.content(tmp_path)
    with pytest.raises(NotADirectoryError):
        files.content(tmp_path / "file/below")


def test_what_can_not_be_read_says_nothing(tmp_path: Path) -> None:
    """
    Whatever is in the way.
    """
    (tmp_path / "file").write_bytes(b"x")

    assert files.readable(tmp_path / "file") == b"x"
    for path in ("none", "file/below", "."):
        assert files.readable(tmp_path / path) is None


ODD = {
    "a FIFO": ("mkfifo {}", "is a FIFO"),
    "a link to a FIFO": ("mkfifo {0}.f; ln -s {0}.f {0}", "is a FIFO"),
    "a device": ("ln -s /dev/zero {}", "is a device"),
    "a terminal": ("ln -s /dev/tty {}", "is a device"),
    "random bytes": ("ln -s /dev/urandom {}", "is a device"),
    "gigabytes": ("truncate -s 3G {}", "is larger than 16 MB"),
    "a file that has no end": ("ln -s /proc/self/pagemap {}", "is larger than 16 MB"),
    "a directory": ("mkdir {}", "Is a directory"),
    "a loop of links": ("ln -s {0} {0}", "Too many levels of symbolic links"),
    "a socket": (
        "python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' {}",
        "is a socket",
    ),
}


@pytest.mark.parametrize(("command", "words"), ODD.values(), ids=ODD)
def test_what_is_no_file_is_not_read(tmp_path: Path, command: str, words: str) -> None:
    """
    Neither waited for, nor taken into memory; the same for who reads within a bound.
    """
    subprocess.run(["sh", "-c", command.format("odd")], check=True, cwd=tmp_path)
    for read in (files.read, bounded_files.read):
        with pytest.raises(OSError, match=words):
            read(str(tmp_path / "odd"))


def test_nothing_is_in_what_is_mounted_for_nothing() -> None:
    """
    /dev/null over a file is an empty one.
    """
    assert files.read("/dev/null") == b""
    assert files.read("/proc/self/stat").startswith(b"%d " % os.getpid())


def test_the_kernels_own_files_are_read(tmp_path: Path) -> None:
    """
    Those of /proc/sys give nothing to who asks for megabytes.
    """
    (tmp_path / "large").write_bytes(b"x" * (files.LARGEST))

    assert files.read("/proc/sys/net/ipv4/ip_unprivileged_port_start").strip().isdigit()
    assert len(files.read(tmp_path / "large")) == files.LARGEST
