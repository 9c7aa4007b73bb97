"""
What is true of the image and of every container made from it.

The specs run where they are cheap: inside, through testinfra's local backend (`slipway verify`).
Modules are named after tasks. A check marked `start` needs a started container; all the others
hold for the image and are repeated there.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from slipway.settings.load import load
from slipway.settings.variables import Settings

STARTED_WITH = Path("/run/slipway/environment")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """
    In an image that nobody started there is nothing to say about a started container.
    """
    if STARTED_WITH.exists():
        return
    not_started = pytest.mark.skip(reason="this is an image, not a started container")
    for item in items:
        if item.get_closest_marker("start"):
            item.add_marker(not_started)


def pytest_configure(config: pytest.Config) -> None:
    """
    Declare the markers here too: the image has no pyproject.toml of a developer.
    """
    config.addinivalue_line("markers", "start: holds for a started container only")


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
