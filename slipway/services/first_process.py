"""
The container's first process: where it is not ours, a stop ends everything at once.

The kernel kills all processes of a container when its PID 1 ends (pid_namespaces(7)). Our
entrypoint has supervisord stop in order first. A cloud's `sleep infinity` knows nothing of that,
and nobody else can hold the kernel up.
"""

from __future__ import annotations

import os
from pathlib import Path

from slipway.environment import main_process
from slipway.settings.arguments import is_entrypoint

_SUPERVISORD = b"slipway.services.supervisord"  # a word of its command line


def warning(proc: Path = Path("/proc")) -> str:
    """
    Return what does not hold with this first process, and the way out; "" where it is ours.
    """
    line = main_process.command_line(proc)
    if line is None or is_entrypoint(line) or _SUPERVISORD in line.split(b"\0"):
        return ""
    word = os.fsdecode(line.partition(b"\0")[0])
    name = os.path.basename(word) or "another program"  # noqa: PTH119 - a word
    return (
        f"the container's first process is {name}: a stop ends all at once, and uploads that wait "
        "go on after the next start; end the start command with `exec slipway-init`"
    )
