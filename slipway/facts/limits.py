"""
What the container may use at most, as the kernel has it.
"""

from __future__ import annotations

from pathlib import Path

from pyinfra.api import FactBase, StringCommand

from slipway.connectors.native import Inside, Result
from slipway.ssh.admission import Limits
from slipway.system import pid_one

_MEMORY = (
    "/sys/fs/cgroup/memory.max",  # version 2: a number, or "max"
    "/sys/fs/cgroup/memory/memory.limit_in_bytes",  # version 1: an absurd number for no limit
)
_PROCESSES = ("/sys/fs/cgroup/pids.max", "/sys/fs/cgroup/pids/pids.max")
_MACHINE = "/proc/meminfo"
_OF_INIT = "/proc/1/limits"  # what supervisord and its programs inherit; a session may have others
_FILES = (*_MEMORY, *_PROCESSES, _MACHINE, _OF_INIT)


class ContainerLimits(FactBase[Limits]):
    """
    Returns the limits of memory, processes and open files; the machine's memory is one, too.
    """

    @staticmethod
    def default() -> Limits:
        """Nothing is known: no limit."""
        return Limits()

    def command(self) -> StringCommand:
        """Print the files, each line after its path."""
        command = StringCommand("grep", "-s", "''", *_FILES, "||", "true")
        return Inside(command, _printed)

    def process(self, output: list[str]) -> Limits:
        """Take the smallest of each kind."""
        memory, processes, files = [], [], []
        for line in output:
            path, _, text = line.partition(":")
            words = text.split()
            if path in _MEMORY:
                memory += _numbers(words[:1])
            elif path in _PROCESSES:
                processes += _numbers(words[:1])
            elif text.startswith("MemTotal:"):
                memory += [1024 * number for number in _numbers(words[1:2])]
            elif text.startswith("Max open files"):
                files += _numbers(words[3:4])
        return Limits(*(min(found) if found else None for found in (memory, processes, files)))


def _numbers(words: list[str]) -> list[int]:
    return [int(word) for word in words if word.isdigit()]  # "max", "unlimited" are none


def _printed() -> Result:
    """
    Do what the command does.
    """
    lines = []
    for path in _FILES:
        try:
            text = (pid_one.path("limits") if path == _OF_INIT else Path(path)).read_text()
        except OSError:
            continue
        lines += [f"{path}:{line}\n" for line in text.splitlines()]
    return Result("".join(lines).encode())
