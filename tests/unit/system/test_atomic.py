"""
Files are replaced whole or not at all.
"""

from __future__ import annotations

import os
import resource
import signal
import stat
from pathlib import Path

import pytest

from slipway.system import atomic


def test_a_new_file_has_its_mode_from_the_start(tmp_path: Path) -> None:
    """
    Whatever the umask.
    """
    before = os.umask(0)
    try:
        atomic.write(tmp_path / "a", b"x")
        atomic.write(tmp_path / "b", b"x", mode=0o644)
    finally:
        os.umask(before)

    modes = [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("a", "b")]
    assert modes == [0o600, 0o644]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


def test_a_file_keeps_its_mode_and_a_link_its_target(tmp_path: Path) -> None:
    """
    What is replaced is the content, where the link leads to.
    """
    file, link = tmp_path / "file", tmp_path / "link"
    file.write_bytes(b"old")
    file.chmod(0o640)
    link.symlink_to("file")
    atomic.write(link, b"new")

    assert (link.is_symlink(), file.read_bytes()) == (True, b"new")
    assert stat.S_IMODE(file.stat().st_mode) == 0o640


def test_a_draft_is_written_in_place(tmp_path: Path) -> None:
    """
    A draft's draft would be found by nobody.
    """
    draft = Path(atomic.temporary(str(tmp_path / "file")))
    draft.write_bytes(b"a longer text from before")
    atomic.write(draft, b"x")

    assert [path.name for path in tmp_path.iterdir()] == [".file.slipway"]
    assert draft.read_bytes() == b"x"


@pytest.mark.skipif(os.geteuid() != 0, reason="groups are root's to give")
def test_a_new_file_is_roots_in_a_setgid_directory(tmp_path: Path) -> None:
    """
    A workspace that a group shares has its files made that group's.
    """
    os.chown(tmp_path, 0, 4322)
    tmp_path.chmod(0o2775)
    atomic.write(tmp_path / "file", b"x")

    assert (tmp_path / "file").stat().st_gid == os.getegid()


@pytest.mark.parametrize("name", ["file.slipway", ".file", ".slipway.conf"])
def test_other_names_are_no_drafts(name: str) -> None:
    """
    Hidden, and with our ending: both.
    """
    assert not atomic.is_temporary(f"/etc/.x.slipway/{name}")
    assert atomic.is_temporary(atomic.temporary(f"/etc/{name}"))


def test_where_there_is_no_room_the_old_file_stays(tmp_path: Path) -> None:
    """
    Byte for byte, with an error and without a draft.
    """
    file = tmp_path / "file"
    file.write_bytes(b"old")
    old_limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    old_handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, old_limit[1]))
    try:
        with pytest.raises(OSError, match=rf"File too large: '{file}'"):
            atomic.write(file, b"x" * 11)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, old_limit)
        signal.signal(signal.SIGXFSZ, old_handler)

    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("file", b"old")]
