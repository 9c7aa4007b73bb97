"""
Mounts, owners of directories, and what FUSE lacks.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from slipway.facts.mounts import DirectoryOwner, FuseObstacle, Mounts
from tests.unit.facts.conftest import ask


def test_the_owner_of_a_directory(tmp_path: Path) -> None:
    """
    Links are followed; a file and nothing have no owner of a directory.
    """
    (tmp_path / "a b").mkdir()
    (tmp_path / "link").symlink_to("a b")
    (tmp_path / "file").touch()
    if os.geteuid() == 0:
        os.chown(tmp_path / "a b", 1234, 5678)
    owner = (tmp_path / "a b").stat()
    answers = [
        ask(DirectoryOwner(), path=str(tmp_path / name)) for name in ("a b", "link", "file", "gone")
    ]

    assert answers == [(owner.st_uid, owner.st_gid)] * 2 + [None] * 2


def test_mounts_of_this_machine() -> None:
    """
    /proc is among them, and lines in any number are read.
    """
    points = {mount.point: mount.type for mount in ask(Mounts())}

    assert points["/proc"] == "proc"
    assert len(points) > 1


ENFORCED = "AppArmor: docker-default (enforce)"
ALL = "CapEff:\t000001ffffffffff"
DOCKER = "CapEff:\t00000000a80425fb"  # what Docker leaves to a container


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ([ALL], ""),
        (["no-device", "no-access", DOCKER], "no /dev/fuse, no CAP_SYS_ADMIN"),
        (["no-device", "no-access", ALL], "no /dev/fuse"),
        (["no-access", DOCKER], "/dev/fuse can't be opened, no CAP_SYS_ADMIN"),
        (
            ["no-device", DOCKER, ENFORCED],
            "no /dev/fuse, no CAP_SYS_ADMIN, AppArmor forbids mounts",
        ),
        ([ALL, ENFORCED], "AppArmor forbids mounts"),
        ([ALL, "AppArmor: docker-default (complain)"], ""),
        ([ALL, "AppArmor: unconfined"], ""),
        ([ALL, "AppArmor: mine (enforce)"], ""),
        ([DOCKER], "no CAP_SYS_ADMIN"),
        (["no-access", ALL], "/dev/fuse can't be opened"),
        (["CapEff:\t0000000000200000"], ""),
    ],
)
def test_fuse_names_the_conditions_that_are_missing(output: list[str], expected: str) -> None:
    """
    All of them at once: somebody starts the container anew only once.
    """
    assert FuseObstacle().process(output).partition(";")[0] == expected


def test_fuse_of_a_stand_in(tmp_path: Path) -> None:
    """
    A file is no device; a device that opens is one.
    """
    (tmp_path / "file").touch()
    mine = Path("/proc/self/status").read_text()
    capable = int(mine.partition("CapEff:")[2].split()[0], 16) & 1 << 21
    answers = [
        ask(FuseObstacle(), places={"/dev/fuse": stand_in})
        for stand_in in (tmp_path / "file", "/dev/null")
    ]

    assert answers[0].startswith("no /dev/fuse")
    assert bool(answers[1]) is not bool(capable)
