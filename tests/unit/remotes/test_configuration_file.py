"""
What rclone leaves beside a configuration file that it can't replace.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from slipway.remotes import configuration_file
from slipway.system import mountinfo
from slipway.system.mountinfo import Mount

KEPT = {
    "rclone.conf": "[far]",
    "rclone.conf.old123": "[far]",
    "rclone.conf.old": "",
    "rclone.conf.oldest": "",
    "rclone.conf.old12.bak": "",
    "rclone.conf.old12345678901": "",
    "other.conf.old123": "",
    "old123": "",
}


@pytest.mark.parametrize("is_mounted", [True, False])
def test_only_empty_files_of_rclones_naming_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_mounted: bool
) -> None:
    """
    And only beside a file that is a mount: elsewhere one of them may be in use.
    """
    for name, content in KEPT.items():
        (tmp_path / name).write_text(content)
    (tmp_path / "rclone.conf.old7").mkdir()
    (tmp_path / "rclone.conf.old8").symlink_to("rclone.conf.old")
    for number in (1, 4294967295):
        (tmp_path / f"rclone.conf.old{number}").touch()
    link = tmp_path / "link"
    link.symlink_to("rclone.conf")
    point = str(tmp_path / "rclone.conf") if is_mounted else str(tmp_path)
    mounts = [Mount(point, "ext4", "x", frozenset({"rw"}), shared=False)]
    monkeypatch.setattr(mountinfo, "parse", lambda _: mounts)

    assert configuration_file.clear(str(link)) == (2 if is_mounted else 0)
    left = {entry.name for entry in tmp_path.iterdir()}
    gone = {"rclone.conf.old1", "rclone.conf.old4294967295"}
    assert left & gone == (set() if is_mounted else gone)
    assert left - gone == {*KEPT, "rclone.conf.old7", "rclone.conf.old8", "link"}


@pytest.mark.parametrize(
    ("words", "is_named"),
    [
        ("config create far alias remote=/tmp", True),
        ("config update far remote=/var", True),
        ("config delete far", True),
        ("config password far pass x", True),
        ("config reconnect far:", True),
        ("config disconnect far:", True),
        ("-v config --obscure delete far", True),
        ("config encryption set", True),
        ("config encryption remove", True),
        ("config encryption check", False),
        ("config show", False),
        ("config dump", False),
        ("config", False),  # what somebody has done in its menus is not known
        ("authorize drive", False),
    ],
)
def test_a_directory_that_can_not_be_written_to_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str, *, is_named: bool
) -> None:
    """
    For what has rclone write: it exits with 0.
    """
    monkeypatch.setattr(os, "access", lambda *_: False)
    place = str(tmp_path / "rclone.conf")
    said = configuration_file.why_unsaved(place, words.split())

    assert said == (f"{tmp_path} can't be written to" if is_named else "")
    monkeypatch.undo()
    assert configuration_file.why_unsaved(place, words.split()) == ""
