"""
Key files byte for byte, and places where sshd would not read them.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from slipway.facts.authorized_keys import KeyFile, KeyFiles, UnsafePlace
from tests.unit.facts.conftest import ask, needs_root


def test_key_files_come_through_byte_for_byte(tmp_path: Path) -> None:
    """
    NUL, bytes that are no UTF-8 and a missing last newline; what is no file is left out.
    """
    content = bytes(range(256)) * 20
    files = {"keys": content, "empty": b"", "a b $(x)": b"x"}
    for name, text in files.items():
        (tmp_path / name).write_bytes(text)
        (tmp_path / name).chmod(0o600)
    (tmp_path / "directory").mkdir()
    paths = [str(tmp_path / name) for name in (*files, "directory", "gone")]

    assert ask(KeyFiles(), paths=paths) == {
        str(tmp_path / name): KeyFile(text, "600", "root", str(tmp_path / name))
        for name, text in files.items()
    }


@needs_root
def test_key_files_are_seen_through_links(tmp_path: Path) -> None:
    """
    The mode and the owner are the file's; a link that leads nowhere yet has neither.
    """
    real = tmp_path / "real"
    real.write_bytes(b"x")
    real.chmod(0o644)
    os.chown(real, 65534, 65534)
    there, nowhere, loop = tmp_path / "there", tmp_path / "nowhere", tmp_path / "loop"
    there.symlink_to("real")
    nowhere.symlink_to("new")
    loop.symlink_to("loop")

    assert ask(KeyFiles(), paths=[str(there), str(nowhere), str(loop)]) == {
        str(there): KeyFile(b"x", "644", "nobody", str(real)),
        str(nowhere): KeyFile(b"", "", "", str(tmp_path / "new")),
        str(loop): KeyFile(b"", "", "", str(loop)),
    }


@needs_root
@pytest.mark.parametrize(
    ("uid", "mode", "is_safe"),
    [(0, 0o755, True), (0, 0o775, False), (0, 0o757, False), (65534, 0o755, False)],
)
def test_a_place_that_others_may_write_to_is_named(
    tmp_path: Path, uid: int, mode: int, *, is_safe: bool
) -> None:
    """
    Anywhere above the file that a link leads to; sshd would not read it.
    """
    root = Path("/root", tmp_path.name)  # /tmp is never safe
    below = root / "open to $(others)" / "below"
    below.mkdir(parents=True)
    try:
        (below / "keys").touch()
        (tmp_path / "link").symlink_to(below / "keys")
        below.parent.chmod(mode)
        os.chown(below.parent, uid, uid)
        place = ask(UnsafePlace(), path=str(tmp_path / "link"))
    finally:
        shutil.rmtree(root)

    assert place == ("" if is_safe else str(below.parent))


def test_the_first_unsafe_place_is_named() -> None:
    """
    Sticky bits make no place safe for sshd.
    """
    lines = ["0 700 /a/b c", "0 1777 /a", "0 755 /"]

    assert UnsafePlace().process(lines) == "/a"
