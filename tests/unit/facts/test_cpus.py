"""
CPUs: those seen, and the limits.
"""

from __future__ import annotations

import os

from slipway.environment.cpus import FILES, Cpus
from slipway.facts.cpus import CpuQuota
from tests.unit.facts.conftest import ask


def test_cpus_of_this_machine() -> None:
    """
    As many as this process may run on, whatever OMP_NUM_THREADS says.
    """
    cpus = ask(CpuQuota(), env={"OMP_NUM_THREADS": "1", "OMP_THREAD_LIMIT": "1"})

    assert cpus.seen == len(os.sched_getaffinity(0))


def test_the_limits_come_after_the_count() -> None:
    """
    Each line with the file that it is from.
    """
    lines = ["8", f"{FILES[0]}:150000 100000", f"{FILES[3]}:40"]

    assert CpuQuota().process(lines) == Cpus(8, 1.5, 40)
