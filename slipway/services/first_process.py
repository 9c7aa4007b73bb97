"""
The container's first process: where it is not ours, a stop ends everything at once.

The kernel kills all processes of a container when its PID 1 ends (pid_namespaces(7)). Our
entrypoint has supervisord stop in order first. A cloud's `sleep infinity` knows nothing of that,
and nobody else can hold the kernel up.

A wrapper between the two has to hear TERM and to pass it on: PID 1 without a handler never gets it
(pid_namespaces(7)), anybody else ends by it. su(1), runuser(1) and script(1) kill what they run two
seconds later.

In a pod that shares its processes PID 1 is the pod's own. Kubernetes ends it last, `podman pod
stop` along with the others. That of the machine, which `--pid=host` shows, outlives us.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path

from slipway.environment import main_process
from slipway.settings.arguments import is_entrypoint
from slipway.system import files, pid_one

_HASTY = {"su", "runuser", "script"}
_SUPERVISORD = b"slipway.services.supervisord"  # a word of its command line


def warning(proc: Path = Path("/proc")) -> str:
    """
    Return what does not hold with this first process, and the way out; "" where it is ours.
    """
    line = main_process.command_line(proc)
    if line is None or _SUPERVISORD in line.split(b"\0"):
        return ""
    if is_entrypoint(line) and not _is_lost(line, proc):
        return _of_another(proc)
    name = _name(line) or "another program"
    return (
        f"the container's first process is {name}: a stop ends all at once, and uploads that wait "
        "go on after the next start; end the start command with `exec slipway-init`"
    )


def _of_another(proc: Path) -> str:
    """
    Return what its end would do where PID 1 is another container's; "" for ours or the machine's.
    """
    if pid_one.number(proc) == 1 or files.readable(proc / "2/comm") == b"kthreadd\n":
        return ""
    name = _name(files.readable(proc / "1/cmdline") or b"") or "another program"
    return (
        f"PID 1 is {name}, of another container: where that is stopped first, or along with this "
        "one, all ends at once, and uploads that wait go on after the next start"
    )


def _is_lost(line: bytes, proc: Path) -> bool:
    """
    Tell whether a wrapper of our entrypoint keeps a stop from it.
    """
    if _name(line) in _HASTY:
        return True
    if main_process.is_init(files.readable(pid_one.path("cmdline", proc)) or b""):
        return False  # it waits for TERM, which the kernel shows of nobody who does (sigwait(3))
    status = files.readable(pid_one.path("status", proc)) or b""
    masks = dict(row.split(b":\t") for row in status.splitlines() if row.startswith(b"Sig"))
    heard = int(masks.get(b"SigCgt", b"0"), 16) | int(masks.get(b"SigBlk", b"0"), 16)
    return bool(masks) and not heard & 1 << (signal.SIGTERM - 1)


def _name(line: bytes) -> str:
    return os.path.basename(os.fsdecode(line.partition(b"\0")[0]))  # noqa: PTH119 - a word
