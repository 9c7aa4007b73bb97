"""
A host's data: the Settings of the container that pyinfra is at, and what belongs to them.

The one module that reads the process's environment. Inside a container, its Settings come from the
environment that it was started with, whoever asks. From outside, all of it comes from that
container.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from slipway.contract import paths, report
from slipway.environment import programs, saved
from slipway.settings.arguments import given_arguments
from slipway.settings.load import Loaded, load

_COMMAND_LINE = Path("/proc/1/cmdline")


def loaded() -> Loaded:
    """
    Read the Settings of this container.
    """
    try:
        variables = saved.read(paths.ENVIRONMENT)
    except FileNotFoundError:
        variables = inherited()  # not started by us: a test, or a shell in a build
    return load(
        variables,
        read=lambda path: Path(path).read_bytes(),
        resolve=os.path.realpath,
        arguments=given_arguments(_COMMAND_LINE.read_bytes()),
        programs=programs.names,
    )


def inherited() -> dict[str, str]:
    """
    Return this process's own environment.
    """
    return dict(os.environ)


def data(phase: str) -> dict[str, Any]:
    """
    Return the host's data for a phase.

    + phase: "build" for an image, which belongs to nobody; "start" for a container
    """
    live = phase != "build"
    read = loaded() if live else load({})
    return {"phase": phase, "live": live, "settings": read.settings, "loaded": read}


def seen(read: Callable[[str], bytes], resolve: Callable[[str], str]) -> dict[str, Any]:
    """
    Return the host's data of a container seen from outside: all of it comes from that container.

    + read: returns the content of a file in it, or raises OSError
    + resolve: returns a path in it without symbolic links, or raises OSError
    """

    def there(path: Path) -> bytes | None:
        try:
            return read(str(path))
        except FileNotFoundError:
            return None

    content = there(paths.ENVIRONMENT)
    if content is None:
        content = read("/proc/1/environ")  # not started by us: what the engine gave it
    read_ = load(
        saved.parse(content.split(b"\0")),
        read=read,
        resolve=resolve,
        arguments=given_arguments(there(_COMMAND_LINE) or b""),
    )
    boot = report.boot_of(read("/proc/1/stat"))
    last = report.parse(there(paths.REPORT) or b"")
    return {
        "phase": "start",
        "live": True,
        "settings": read_.settings,
        "loaded": read_,
        "boot": boot,
        "services": report.expects_services(last, boot),
        # not any container: one that has Slipway
        "is_ours": bool(there(paths.INSTALLED / "deploy.py")),
    }
