"""
Which hosts there are, and for each its Settings.

The one place that reads the process's environment. Inside a container the only host is the
container itself, and its Settings come from the environment it was started with, whoever asks.
"""

import os
from pathlib import Path
from typing import Any

from slipway import environment, paths
from slipway import settings as _settings
from slipway.settings import Loaded


def loaded() -> Loaded:
    """
    Read the Settings of this container.
    """
    try:
        variables = environment.read(paths.ENVIRONMENT)
    except FileNotFoundError:
        variables = dict(os.environ)  # not started by us: a test, or a shell in a build
    return _settings.load(
        variables, read=lambda path: Path(path).read_bytes(), resolve=os.path.realpath
    )


def data(phase: str) -> dict[str, Any]:
    """
    Return the host's data for a phase.

    + phase: "build" for an image, which belongs to nobody; "start" for a container
    """
    live = phase != "build"
    read = loaded() if live else _settings.load({})
    return {"phase": phase, "live": live, "settings": read.settings, "loaded": read}


live = [("@live", data("start"))]
