"""
The container's main process: PID 1, or the child of an init that the engine put there.

`docker run --init`, podman and some images have an init as PID 1. It passes signals on to its child
and ends with it, so that child is what matters.
"""

from __future__ import annotations

import os
from pathlib import Path

from slipway.settings.arguments import is_entrypoint
from slipway.system import files, pid_one, processes

_INITS = {"tini", "tini-static", "docker-init", "podman-init", "catatonit", "dumb-init", "init"}


def command_line(proc: Path = Path("/proc")) -> bytes | None:
    """
    Return the main process's words (proc(5)); None where they can't be read.

    Below an init that does not name our entrypoint, a child that is our entrypoint is it.
    """
    words = files.readable(pid_one.path("cmdline", proc))
    if words is None or is_entrypoint(words) or not is_init(words):
        return words
    children = files.readable(pid_one.path(f"task/{pid_one.number(proc)}/children", proc)) or b""
    for child in children.split():
        below = files.readable(proc / os.fsdecode(child) / "cmdline") or b""
        if is_entrypoint(below):
            return below
    return words


def is_this(pid: int, proc: Path = Path("/proc")) -> bool:
    """
    Tell whether a process is it: PID 1, or below nothing but inits.

    + pid: as /proc has it; what `docker exec` starts has no parent there
    """
    while pid != pid_one.number(proc):
        stat = files.readable(proc / str(pid) / "stat")
        pid = int(processes.fields(stat)[1]) if stat else 0
        if not pid or not is_init(files.readable(proc / str(pid) / "cmdline") or b""):
            return False
    return True


def is_init(words: bytes) -> bool:
    """
    Tell whether a command line is an init's.
    """
    return os.path.basename(os.fsdecode(words.partition(b"\0")[0])) in _INITS  # noqa: PTH119 - a word
