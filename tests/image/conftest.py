"""
What is true of the image and of every container made from it.

The specs run where they are cheap: inside, through testinfra's local backend (`slipway verify`).
Modules are named after tasks. A check marked `start` needs a started container; one marked `build`
is about the image alone, as a container's user may well do otherwise; all the others hold for both.

What a user chose is no fault: such a check is skipped, and its reason says what was chosen where.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from slipway.settings.load import load
from slipway.settings.variables import Settings

STARTED_WITH = Path("/run/slipway/environment")
OWN_DROP_IN = re.compile(r"0[01]-slipway.*\.conf")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """
    Leave out what is about a started container in an image that nobody started, and vice versa.
    """
    is_started = STARTED_WITH.exists()
    this = "a started container" if is_started else "an image, not a started container"
    elsewhere = pytest.mark.skip(reason=f"this is {this}")
    for item in items:
        if item.get_closest_marker("build" if is_started else "start"):
            item.add_marker(elsewhere)


def pytest_configure(config: pytest.Config) -> None:
    """
    Declare the markers here too: the image has no pyproject.toml of a developer.
    """
    config.addinivalue_line("markers", "start: holds for a started container only")
    config.addinivalue_line("markers", "build: holds for the image only")


@pytest.fixture(scope="session")
def variables() -> dict[str, str]:
    """
    The variables the container was started with.
    """
    words = STARTED_WITH.read_bytes().split(b"\0") if STARTED_WITH.exists() else []
    pairs = (os.fsdecode(word).partition("=") for word in words)
    return {name: value for name, separator, value in pairs if separator}


@pytest.fixture(scope="session")
def settings(variables: dict[str, str]) -> Settings:
    """
    What those variables ask for.
    """
    return load(
        variables, read=lambda path: Path(path).read_bytes(), resolve=os.path.realpath
    ).settings


@pytest.fixture
def chosen() -> dict[str, str]:
    """
    What the user has sshd do: option, in small letters, to its line and file.

    His own drop-ins count. The main file comes after ours and is overruled by them.
    """
    found: dict[str, str] = {}
    for path in sorted(Path("/etc/ssh/sshd_config.d").glob("*.conf")):
        if OWN_DROP_IN.fullmatch(path.name):
            continue
        for line in path.read_text(errors="replace").splitlines():
            words = line.split()
            if words and not words[0].startswith("#"):
                found.setdefault(words[0].lower(), f"{' '.join(words)} in {path}")
    return found


@pytest.fixture(scope="session")
def report() -> dict[str, Any]:
    """
    The last convergence's.
    """
    document: dict[str, Any] = json.loads(Path("/run/slipway/report.json").read_text())
    return document
