"""
What a host lacks is installed, or asked for in words that suit the host.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from engine import host, packages
from engine.commands import Failure
from engine.project import Project
from engine.steps import Step

DOCKER = """#!/bin/sh
case "$1" in
    info) echo "$SAYS" >&2; exit 1 ;;
    compose) [ -e "$FOLDER/installed" ] ;;
esac
"""
# Knows the packages named in a file, once it has been updated; notes what it installs.
APT_CACHE = '#!/bin/sh\n[ -e "$FOLDER/updated" ] && grep -qx "$3" "$FOLDER/archive"\n'
APT_GET = """#!/bin/sh
case "$*" in
    *update*) touch "$FOLDER/updated" ;;
    *) echo "$@" > "$FOLDER/installed" ;;
esac
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """
    A host of Debian's kind that has Docker's client and nothing else.
    """
    programs = {"docker": DOCKER, "apt-cache": APT_CACHE, "apt-get": APT_GET}
    for name, script in programs.items():
        (tmp_path / name).write_text(script)
        (tmp_path / name).chmod(0o755)
    for name in ("sh", "grep", "touch"):
        (tmp_path / name).symlink_to(f"/bin/{name}")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("FOLDER", str(tmp_path))
    return Project.at(tmp_path, {**os.environ, "DOCKER_HOST": "", "SAYS": "no such file"})


@pytest.mark.parametrize(
    ("archive", "installed"),
    [
        ("docker-compose\n", "docker-compose"),
        ("docker-compose\ndocker-compose-v2\n", "docker-compose-v2"),
    ],
)
def test_compose_v2_is_preferred(
    project: Project, monkeypatch: pytest.MonkeyPatch, archive: str, installed: str
) -> None:
    """
    Ubuntu has both, and its docker-compose dies of newer engines' answers; asked after the update,
    as a fresh host knows no package before.
    """
    (project.root / "archive").write_text(archive)
    monkeypatch.setattr(packages, "is_root", lambda: True)

    assert host.ensure_compose(project, Step("container")) == ["docker", "compose"]
    assert (project.root / "installed").read_text().split()[-1] == installed


def test_who_may_not_install_is_told_both_names(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    The better one first.
    """
    monkeypatch.setattr(packages, "is_root", lambda: False)

    with pytest.raises(Failure, match="apt-get install docker-compose-v2 or docker-compose"):
        host.ensure_compose(project, Step("container"))


@pytest.mark.parametrize(
    ("platform", "root", "advice"),
    [
        ("linux", False, "apt-get install docker.io"),
        ("darwin", False, "start yours"),
        ("darwin", True, "start yours"),
    ],
)
def test_the_advice_suits_the_platform(
    project: Project, monkeypatch: pytest.MonkeyPatch, platform: str, advice: str, *, root: bool
) -> None:
    """
    A Mac has no apt, whoever asks.
    """
    monkeypatch.setattr(packages, "is_root", lambda: root)
    monkeypatch.setattr("sys.platform", platform)

    with pytest.raises(Failure, match=advice):
        host.ensure_engine(project, Step("engine"))
