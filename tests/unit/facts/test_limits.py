"""
What a container may use at most, from the kernel's files.
"""

from __future__ import annotations

import subprocess

import pytest

from slipway.connectors.native import Inside
from slipway.facts.limits import ContainerLimits
from slipway.ssh.admission import Limits
from slipway.system import pid_one

MACHINE = "/proc/meminfo:MemTotal:       16384 kB"
OPEN_FILES = "/proc/1/limits:Max open files       1024        524288          files"


@pytest.mark.parametrize(
    ("lines", "limits"),
    [
        ([], Limits()),
        ([MACHINE, OPEN_FILES], Limits(16384 * 1024, None, 1024)),
        (
            ["/sys/fs/cgroup/memory.max:max", "/sys/fs/cgroup/pids.max:max", MACHINE],
            Limits(16384 * 1024),
        ),
        (
            ["/sys/fs/cgroup/memory.max:1048576", "/sys/fs/cgroup/pids.max:2048", MACHINE],
            Limits(1048576, 2048),
        ),
        (
            ["/sys/fs/cgroup/memory/memory.limit_in_bytes:9223372036854771712", MACHINE],
            Limits(16384 * 1024),
        ),
        (["/sys/fs/cgroup/pids/pids.max:100"], Limits(processes=100)),
        (["/proc/1/limits:Max open files unlimited unlimited files"], Limits()),
    ],
    ids=["nothing", "machine", "version 2, no limit", "version 2", "version 1", "pids 1", "files"],
)
def test_the_smallest_of_each_kind_counts(lines: list[str], limits: Limits) -> None:
    """
    Of both versions of control groups; "max" and absurd numbers are no limits.
    """
    assert ContainerLimits().process(lines) == limits


def test_this_machines_are_read_alike_by_a_shell_and_without_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """
    And its memory is known in any case. A shell from outside takes PID 1 for the container's.
    """
    monkeypatch.setattr(pid_one, "number", lambda _proc: 1)
    command = ContainerLimits().command()
    assert isinstance(command, Inside)
    done = subprocess.run(
        ["sh", "-c", command.get_raw_value()], check=True, capture_output=True, text=True
    )
    by_shell = ContainerLimits().process(done.stdout.splitlines())
    by_ourselves = ContainerLimits().process(command.act().stdout.decode().splitlines())

    assert by_shell == by_ourselves
    assert by_shell.memory
