"""
What specs are given by `slipway verify`, ours and those of extensions: markers and fixtures.
"""

from __future__ import annotations

import pytest

from slipway.contract.paths import ENVIRONMENT
from slipway.environment import host_data, saved
from slipway.settings.variables import Settings


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """
    Leave out what is about a started container in an image that nobody started, and vice versa.
    """
    is_started = ENVIRONMENT.exists()
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
    return saved.read(ENVIRONMENT) if ENVIRONMENT.exists() else {}


@pytest.fixture(scope="session")
def settings() -> Settings:
    """
    What those variables ask for; an extension's variable is settings["ITS_NAME"].
    """
    return host_data.settings("start" if ENVIRONMENT.exists() else "build")
