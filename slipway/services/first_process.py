"""
The container's first process: where it is not ours, a stop ends everything at once.

The kernel kills all processes of a container when its PID 1 ends (pid_namespaces(7)). Our
entrypoint has supervisord stop in order first. A cloud's `sleep infinity` knows nothing of that,
and nobody else can hold the kernel up.
"""

from __future__ import annotations

import os
from pathlib import Path

_OURS = (
    b"slipway.commands.entrypoint",
    b"slipway.services.supervisord",
)  # words of its command line


def warning(command_line: Path = Path("/proc/1/cmdline")) -> str:
    """
    Return what does not hold with this first process, and the way out; "" where it is ours.
    """
    try:
        words = command_line.read_bytes().split(b"\0")
    except OSError:
        return ""
    if any(word in _OURS for word in words):
        return ""
    name = os.path.basename(os.fsdecode(words[0])) or "another program"  # noqa: PTH119 - a word
    return (
        f"the container's first process is {name}: a stop ends all at once, and uploads that wait "
        "go on after the next start; end the start command with `exec slipway-init`"
    )
