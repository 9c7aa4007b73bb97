"""
Who needs more than the least: asked of what is configured for the container.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import privileges
from engine.commands import Failure
from engine.project import Project


def _project(root: Path, *, conf: str = "", env: str = "", **environment: str) -> Project:
    (root / "config" / "rclone").mkdir(parents=True)
    if conf:
        (root / "config/rclone/rclone.conf").write_text(conf)
    (root / "config/container.env").write_text(env)
    return Project.at(root, environment)


@pytest.mark.parametrize(
    ("conf", "env", "expected"),
    [
        ("", "", False),
        ("[photos]\ntype = drive\n", "", True),
        ("  [with spaces]  \r\ntype = drive\r\n", "", True),
        ("# [off]\n; [off]\n\n", "", False),
        ("# Encrypted rclone configuration File\n\nRCLONE_ENCRYPT_V0:\nabc=\n", "", True),
        ("", "RCLONE_CONFIG_PHOTOS_TYPE=drive\n", True),
        ("", "export RCLONE_CONFIG_A_B_TYPE='s3'\n", True),
        ("", "RCLONE_CONFIG_PHOTOS_TYPE_FILE=/run/secrets/type\n", True),
        ("", "RCLONE_CONFIG=/mnt/rclone.conf\n", True),
        ("", "RCLONE_CONFIG_FILE=/run/secrets/conf\n", True),
        ("", "#RCLONE_CONFIG_PHOTOS_TYPE=drive\n", False),
        ("", "RCLONE_CONFIG_PHOTOS_TYPE=\n", False),
        ("", "RCLONE_CONFIG_PASS=x\nRCLONE_CONFIG_DIR=/x\nRCLONE_BWLIMIT=1M\n", False),
    ],
)
def test_remotes_are_wanted_where_some_are_configured(
    tmp_path: Path, conf: str, env: str, *, expected: bool
) -> None:
    """
    In rclone's file or in variables; an option of rclone's is no remote.
    """
    assert expected == privileges.wants_remotes(_project(tmp_path, conf=conf, env=env))


@pytest.mark.parametrize(("asked", "expected"), [("true", True), ("0", False), ("No", False)])
def test_the_users_word_on_remotes_stands(tmp_path: Path, asked: str, *, expected: bool) -> None:
    """
    Whatever is configured: an override file may hold more, or remotes are copied.
    """
    project = _project(tmp_path, conf="[photos]\n", REMOTES=asked)

    assert expected == privileges.wants_remotes(project)


def test_another_word_is_named(tmp_path: Path) -> None:
    """
    A typo gives nobody SYS_ADMIN.
    """
    with pytest.raises(Failure, match=r"^REMOTES=ture: must be true or false"):
        privileges.wants_remotes(_project(tmp_path, REMOTES="ture"))


@pytest.mark.parametrize(
    ("env", "environment", "expected"),
    [
        ("", {}, False),
        ("", {"SLIPWAY_USER": "me"}, True),
        ("", {"SLIPWAY_USER": ""}, False),
        ("SLIPWAY_USER=me:1000\n", {}, True),
        ("SLIPWAY_USER_FILE=/run/secrets/user\n", {}, True),
    ],
)
def test_sudo_is_wanted_with_a_user(
    tmp_path: Path, env: str, environment: dict[str, str], *, expected: bool
) -> None:
    """
    In .env, the environment or the container's own file.
    """
    assert expected == privileges.wants_sudo(_project(tmp_path, env=env, **environment))
