"""
What is known of a program's process that has ended just now: by what its own are to be recognized.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any

from supervisor.options import ProcessException

from slipway.services.strays import Try


def of(process: Any, began: int, *, is_hasty: bool) -> Try:
    """
    Return it, while supervisord still has its number and its pipes.

    + began: in the kernel's ticks
    + is_hasty: it ended at once
    """
    try:
        executable = os.path.realpath(process.get_execv_args()[0])
    except ProcessException:
        executable = ""
    config = process.config
    variables = {
        "PROCESS_NAME": config.name,
        "GROUP_NAME": process.group.config.name,
        "SERVER_URL": getattr(config, "serverurl", None) or config.options.serverurl,
    }
    marks = [f"SUPERVISOR_{name}={value}" for name, value in variables.items() if value]
    return Try(
        process.pid,
        began,
        executable,
        frozenset(os.fsencode(mark) for mark in marks),
        frozenset(_pipes(process)),
        config.uid or 0,
        is_hasty,
    )


def _pipes(process: Any) -> Iterator[str]:
    """
    Yield what a program's outputs are called in /proc: both ends of a pipe have one inode.
    """
    for name in ("stdout", "stderr"):
        if descriptor := process.pipes.get(name):
            with contextlib.suppress(OSError):
                yield f"pipe:[{os.fstat(descriptor).st_ino}]"
