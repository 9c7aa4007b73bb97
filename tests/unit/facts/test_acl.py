"""
ACLs, and what stands against one.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from slipway.facts.acl import Acl, AclObstacle, ExtendedAcls
from tests.unit.facts.conftest import ODD, ask, needs_acl, needs_root


@needs_acl
@pytest.mark.parametrize("name", ODD)
def test_an_acl_is_read_with_numeric_ids(tmp_path: Path, name: str) -> None:
    """
    Default entries too; effective rights are no part of an entry.
    """
    path = tmp_path / name
    path.mkdir(mode=0o755)
    path.chmod(0o755)
    subprocess.run(["setfacl", "-m", "u:65534:rwx,m::r-x", "--", path], check=True)
    subprocess.run(["setfacl", "-d", "-m", "u:1234:rwx,m::rwx", "--", path], check=True)
    default = {"user::rwx", "user:1234:rwx", "group::r-x", "mask::rwx", "other::r-x"}

    assert ask(Acl(), path=str(path)) == {
        "user::rwx",
        "user:65534:rwx",
        "group::r-x",
        "mask::r-x",
        "other::r-x",
        *(f"default:{entry}" for entry in default),
    }
    assert ask(Acl(), path=str(path / "gone")) == set()


@needs_acl
@pytest.mark.parametrize("name", ODD)
def test_paths_with_more_than_their_mode_are_told(tmp_path: Path, name: str) -> None:
    """
    Named and default entries count; a path without them and one that is missing don't.
    """
    plain, named, default = (tmp_path / kind / name for kind in ("plain", "named", "default"))
    for path in (plain, named, default):
        path.mkdir(parents=True)
    subprocess.run(["setfacl", "-m", "u:65534:rwx", "--", named], check=True)
    subprocess.run(["setfacl", "-d", "-m", "u:1234:rwx", "--", default], check=True)
    paths = [str(path) for path in (tmp_path / "gone", plain, named, default)]

    assert ask(ExtendedAcls(), paths=paths) == [str(named), str(default)]
    assert ask(ExtendedAcls(), paths=[str(plain)]) == []


@needs_root
@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("size=64k", ""),
        ("size=64k,ro", "the file system is read-only"),
    ],
)
def test_what_stands_against_an_acl_is_named(tmp_path: Path, options: str, expected: str) -> None:
    """
    Without writing anything: tmpfs has ACLs; where it can't be written to, that is said.
    """
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", tmp_path], check=True)
    try:
        assert ask(AclObstacle(), path=str(tmp_path)) == expected
    finally:
        subprocess.run(["umount", tmp_path], check=True)


def test_a_file_system_without_acls_is_named() -> None:
    """
    /proc is one.
    """
    assert ask(AclObstacle(), path="/proc") == "the file system has no ACLs"


def test_a_directory_that_is_not_there_yet_can_have_what_the_one_above_it_can(
    tmp_path: Path,
) -> None:
    """
    It will lie there: a check comes before the directory is made.
    """
    above = ask(AclObstacle(), path=str(tmp_path))

    assert ask(AclObstacle(), path=str(tmp_path / "gone" / "below")) == above
    assert ask(AclObstacle(), path="/proc/gone") == "the file system has no ACLs"


@pytest.mark.parametrize("name", ODD)
def test_a_path_of_any_name_is_asked(tmp_path: Path, name: str) -> None:
    """
    By both forms; nothing in it is a word of the program's.
    """
    (tmp_path / name).mkdir()

    assert ask(AclObstacle(), path=str(tmp_path / name)) == ask(AclObstacle(), path=str(tmp_path))
