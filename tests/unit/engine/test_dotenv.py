"""
The user's .env, read as Compose reads it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from engine import dotenv
from engine.project import Project


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("SSH_PORT=2200", "2200"),
        ("  export SSH_PORT = 2200  ", "2200"),
        ("SSH_PORT='2200'", "2200"),
        ('SSH_PORT="2200" # mine', "2200"),
        ("SSH_PORT=2200 # mine", "2200"),
        ("SSH_PORT=2200#mine", "2200#mine"),
        ("SSH_PORT=", ""),
        ("SSH_PORT=a=b", "a=b"),
        ("SSH_PORT='it", "'it"),
    ],
)
def test_a_line(tmp_path: Path, line: str, value: str) -> None:
    """
    Quotes and comments as Compose takes them.
    """
    (tmp_path / ".env").write_text(f"# a comment\n\n{line}\nno assignment\n")

    assert dotenv.read(tmp_path / ".env") == {"SSH_PORT": value}


def test_a_clone_without_one(tmp_path: Path) -> None:
    """
    Nothing is set.
    """
    assert dotenv.read(tmp_path / ".env") == {}


def test_the_environment_wins_over_it(tmp_path: Path) -> None:
    """
    As with Compose.
    """
    (tmp_path / ".env").write_text("IMAGE=mine/base\nTAG=1\n")

    assert Project.at(tmp_path, {"TAG": "2"}).image == "mine/base:2"
    assert Project.at(tmp_path, {}).image == "mine/base:1"


def test_an_empty_variable_does_not_hide_it(tmp_path: Path) -> None:
    """
    What make exports where it isn't given any; nor from Compose, which gets this environment.
    """
    (tmp_path / ".env").write_text("IMAGE=mine/base\nTAG=1\nIMAGE_BASE=ubuntu:24.04\n")
    empty = {"IMAGE": "", "TAG": "", "IMAGE_BASE": "", "SUITE": ""}
    project = Project.at(tmp_path, {**empty, "HOME": "/root"})

    assert (project.image, project.base) == ("mine/base:1", "ubuntu:24.04")
    assert project.environment == {"SUITE": "", "HOME": "/root"}


@pytest.mark.parametrize(
    ("environment", "base"),
    [
        ({}, "debian:bookworm-slim"),
        ({"SUITE": "trixie"}, "debian:trixie-slim"),
        ({"SUITE": "", "IMAGE_BASE": ""}, "debian:bookworm-slim"),  # as make exports them
        ({"SUITE": "trixie", "IMAGE_BASE": "ubuntu:24.04"}, "ubuntu:24.04"),
    ],
)
def test_the_base_images_name(tmp_path: Path, environment: dict[str, str], base: str) -> None:
    """
    A name of the user's wins; else the release makes it.
    """
    assert base == Project.at(tmp_path, environment).base


def test_what_tells_of_a_service_is_no_port_of_the_users(tmp_path: Path) -> None:
    """
    Kubernetes gives a container SSH_PORT where there is a service `ssh`.
    """
    (tmp_path / ".env").write_text("SSH_PORT=2200\n")
    of_services = {"SSH_PORT": "tcp://10.0.0.7:22", "RCLONE_PORT": "tcp://[fd00::7]:5572"}
    engine = {"DOCKER_HOST": "tcp://10.0.0.7:2375"}
    project = Project.at(tmp_path, {**of_services, **engine})

    assert project.settings == {"SSH_PORT": "2200", **engine}
    assert project.environment == engine
    assert Project.at(tmp_path, {"SSH_PORT": "2201"}).settings["SSH_PORT"] == "2201"
