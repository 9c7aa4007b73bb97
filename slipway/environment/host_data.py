"""
A host's data: the Settings of the container that pyinfra is at, and what belongs to them.

The one module that reads the process's environment. Inside a container, its Settings come from the
environment that it was started with, whoever asks. From outside, all of it comes from that
container.
"""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from slipway.contract import paths, report
from slipway.environment import extensions, main_process, programs, saved
from slipway.settings.arguments import given_arguments
from slipway.settings.extension import with_defaults
from slipway.settings.load import Loaded, load
from slipway.settings.variables import VARIABLES, Settings
from slipway.system import bounded_files, pid_one

_COMMAND_LINE = Path("/proc/1/cmdline")
_ENTRYPOINT = b"slipway.commands.entrypoint"


def loaded() -> Loaded:
    """
    Read the Settings of this container.
    """
    try:
        variables = saved.read(paths.ENVIRONMENT)
    except PermissionError:
        raise
    except OSError:
        variables = {}
    return load(
        variables or _given(),  # lost: no start is without any variable
        read=bounded_files.read,
        resolve=bounded_files.realpath,
        arguments=given_arguments(main_process.command_line() or b""),
        declared=extensions.here().variables,
        programs=programs.names,
    )


def _given() -> dict[str, str]:
    """
    Return the environment that is not saved: the first process's, where that is our entrypoint.

    Else nothing was started by us: a test, or a shell in a build.
    """
    if _ENTRYPOINT in pid_one.path("cmdline").read_bytes().split(b"\0"):
        with contextlib.suppress(OSError):
            return saved.of_process(str(pid_one.number()))
    return inherited()


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
    added = extensions.here()
    read = loaded() if live else load({}, declared=added.variables)
    return {
        "phase": phase,
        "live": live,
        "settings": read.settings,
        "variables": dict(read.variables),
        "loaded": read,
        "extensions": added,
    }


def settings(phase: str) -> Settings:
    """
    Return a phase's Settings.
    """
    asked: Settings = data(phase)["settings"]
    return asked


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
    if not content:
        content = read("/proc/1/environ")  # not started by us: what the engine gave it
    read_ = load(
        saved.parse(content.split(b"\0")),
        read=read,
        resolve=resolve,
        arguments=given_arguments(there(_COMMAND_LINE) or b""),
        declared=with_defaults(VARIABLES, saved.parse((there(paths.DEFAULTS) or b"").split(b"\0"))),
    )
    boot = report.boot_of(read("/proc/1/stat"))
    last = report.parse(there(paths.REPORT) or b"")
    return {
        "phase": "start",
        "live": True,
        "settings": read_.settings,
        "variables": dict(read_.variables),
        "loaded": read_,
        "extensions": None,  # their code runs in that container alone: its own slipway is asked
        "boot": boot,
        "services": report.expects_services(last, boot),
        # not any container: one that has Slipway
        "is_ours": bool(there(paths.INSTALLED / "deploy.py")),
    }
