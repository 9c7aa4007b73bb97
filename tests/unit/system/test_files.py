"""
Files that may not be there.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from slipway.contract import paths, report
from slipway.environment import gpus, saved
from slipway.remotes import states
from slipway.services import orphans, told
from slipway.services.cron import present, tables
from slipway.services.logs.positions import Positions
from slipway.ssh import usable
from slipway.system import bounded_files, files, locks
from slipway.system.alarm import ring_after
from slipway.system.bounded_files import BoundedFiles


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


READ: dict[str, Callable[[Path], object]] = {
    "files.read": files.read,
    "files.text": files.text,
    "files.readable": files.readable,
    "files.content": files.content,
    "bounded files": lambda path: BoundedFiles().read(str(path)),
    "the report": lambda _: report.load(),
    "the environment": saved.read,
    "GPUs": gpus.lost,
    "orphans": lambda _: orphans.end(),
    "supervisord's number": lambda _: told._stopped(),  # noqa: SLF001
    "lines left out": lambda _: usable.left_out(),
    "remotes": lambda _: [*states.configured("/workspace")],
    "a crontab": lambda path: tables.read(str(path.parent)),
    "whether there is a crontab": lambda path: present.wanted(str(path.parent)),
    "positions in logs": lambda path: Positions(path).load(),
    "a lock": locks.is_held,
    "a lock's end": lambda path: locks.wait(path, seconds=1),
}


@pytest.mark.parametrize("reader", READ)
@pytest.mark.parametrize("odd", ODD)
def test_nothing_that_is_no_file_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, odd: str, reader: str
) -> None:
    """
    It has no content: that is said, or taken for nothing.
    """
    (tmp_path / "etc/cron.d").mkdir(parents=True)
    place = tmp_path / "etc/crontab"
    for name in ("REPORT", "PROCESSES", "SSHD_LEFT_OUT"):
        monkeypatch.setattr(paths, name, place)
    monkeypatch.setattr(told, "PID", place)
    monkeypatch.setattr(paths, "SUPERVISOR_PROGRAMS", place.parent)
    for name in ("crontab", "remote-x.conf"):
        subprocess.run(["sh", "-c", ODD[odd][0].format(name)], check=True, cwd=place.parent)
    with contextlib.suppress(OSError), ring_after(3, RuntimeError("it waits")):
        READ[reader](tmp_path / "etc" if "crontab" in reader else place)


JUNK = [
    *(b"", b"\0", b"\xff\xfe\x00", b"null", b"[]", b"1 2\n1\n", b"x y\n", b"-1 5\n"),
    b'{"operations": 3}',
]


@pytest.mark.parametrize("junk", JUNK)
@pytest.mark.parametrize("reader", [name for name in READ if not name.startswith("files.")])
def test_junk_is_no_error_but_of_its_own_kind(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, junk: bytes, reader: str
) -> None:
    """
    In what we read back of our own.
    """
    place = tmp_path / "place"
    place.write_bytes(junk)
    for name in ("REPORT", "PROCESSES", "SSHD_LEFT_OUT"):
        monkeypatch.setattr(paths, name, place)
    monkeypatch.setattr(told, "PID", place)
    with ring_after(3, RuntimeError("it waits")):
        READ[reader](place)


@pytest.mark.parametrize("place", ["none/lock", "file/lock", "loop/lock", "loop"])
def test_no_lock_is_held_where_no_file_can_be(tmp_path: Path, place: str) -> None:
    """
    A check has nobody to wait for then.
    """
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")

    assert not locks.is_held(tmp_path / place)
    assert locks.wait(tmp_path / place, seconds=1)
