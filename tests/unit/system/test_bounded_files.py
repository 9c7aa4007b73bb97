"""
Files on mounts that hang: a FIFO that nobody writes to stands for one, as a read of it never ends.
"""

from __future__ import annotations

import os
import stat
import time
from pathlib import Path

import pytest

from slipway.system import bounded_files, files
from slipway.system.bounded_files import BoundedFiles

LINE = "36 35 98:0 / {point} rw,noatime - {kind} source rw\n"


@pytest.fixture
def silent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """
    Make a directory that is said to be a FUSE mount, with a file whose read never ends.
    """
    point = tmp_path / "mount"
    point.mkdir()
    os.mkfifo(point / "file")
    _say(tmp_path, monkeypatch, LINE.format(point=point, kind="fuse.rclone"))
    return point


@pytest.fixture(autouse=True)
def _a_fifo_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    It stands for a file whose server does not answer.
    """
    monkeypatch.setattr(files, "read", lambda path: Path(path).read_bytes())


@pytest.fixture(autouse=True)
def _nothing_is_known_to_be_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounded_files, "_silent", set())


def test_who_is_left_behind_holds_nothing_of_ours(silent: Path) -> None:
    """
    A convergence's lock would stay taken, and whoever reads our output would wait for its end.
    """
    reading, writing = os.pipe()
    with pytest.raises(TimeoutError):
        BoundedFiles(bound=0.1).ask(lambda: _asleep(reading), str(silent / "file"))
    os.close(writing)

    assert os.read(reading, 1) == b""
    os.close(reading)


def _asleep(_reading: int) -> None:
    time.sleep(60)


def _say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: str) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(LINE.format(point="/", kind="overlay") + lines)
    monkeypatch.setattr(bounded_files, "_MOUNTS", mounts)


def test_a_read_that_never_ends_is_left_behind(silent: Path) -> None:
    """
    Within the bound, with the mount's name; and the mount is not asked again.
    """
    files = BoundedFiles(bound=0.2)
    with pytest.raises(TimeoutError, match=f"the file system at {silent} does not answer"):
        files.ask((silent / "file").read_bytes, str(silent / "file"))
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        files.lstat(str(silent / "file"))

    assert time.monotonic() - began < 0.2


def test_a_link_into_a_mount_is_not_followed_here(silent: Path, tmp_path: Path) -> None:
    """
    Absolute, relative, and in the middle of a path.
    """
    (tmp_path / "direct").symlink_to(silent / "file")
    (tmp_path / "relative").symlink_to("mount/file")
    (tmp_path / "above").symlink_to(silent)
    (tmp_path / "x").mkdir()
    for path in ("direct", "relative", "above/file", "x/../mount/./file"):
        with pytest.raises(TimeoutError):
            BoundedFiles(bound=0.1).ask((tmp_path / path).read_bytes, str(tmp_path / path))


def test_what_answers_is_told_as_it_is(silent: Path) -> None:
    """
    Status, content, target and errors come back from the other process.
    """
    (silent / "there").write_bytes(b"\0\xff" * 100_000)
    (silent / "link").symlink_to("there/")
    (silent / "loop").symlink_to("loop")
    files = BoundedFiles()

    assert files.read(str(silent / "there")) == b"\0\xff" * 100_000
    assert files.readlink(str(silent / "link")) == "there/"
    assert stat.S_ISFIFO(files.stat(str(silent / "file")).mode)
    assert files.lstat(str(silent / "there")).size == 200_000
    assert files.realpath(str(silent / "link")) == str(silent / "there")
    with pytest.raises(FileNotFoundError, match="gone"):
        files.stat(str(silent / "gone"))
    with pytest.raises(OSError, match="symbolic links"):
        files.stat(str(silent / "loop"))


def test_nothing_is_forked_where_nothing_may_hang(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Nor for a mount that hides one that may hang, nor for a root that is FUSE's (rootless podman).
    """
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/file").write_text("x")
    for lines in (
        "",
        LINE.format(point=tmp_path / "a", kind="ext4"),
        LINE.format(point=tmp_path / "a", kind="nfs4")
        + LINE.format(point=tmp_path / "a", kind="tmpfs"),
        LINE.format(point="/", kind="fuse.fuse-overlayfs"),
    ):
        _say(tmp_path, monkeypatch, lines)
        monkeypatch.setattr(bounded_files, "_elsewhere", pytest.fail)

        assert BoundedFiles().read(str(tmp_path / "a/b/file")) == b"x"


@pytest.mark.parametrize("kind", ["fuse", "fuse.sshfs", "nfs", "nfs4", "cifs", "9p", "virtiofs"])
def test_each_kind_of_mount_that_may_hang_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """
    By its type, the server's part of it included.
    """
    os.mkfifo(tmp_path / "file")
    _say(tmp_path, monkeypatch, LINE.format(point=tmp_path, kind=kind))

    with pytest.raises(TimeoutError):
        BoundedFiles(bound=0.1).ask((tmp_path / "file").read_bytes, str(tmp_path / "file"))
