"""
CPUs: those seen, and the quota.
"""

from __future__ import annotations

import os

import pytest

from slipway.environment.cpus import Cpus
from slipway.facts.cpus import CpuQuota
from tests.unit.facts.conftest import ask


def test_cpus_of_this_machine() -> None:
    """
    As many as this process may run on, whatever OMP_NUM_THREADS says.
    """
    cpus = ask(CpuQuota(), env={"OMP_NUM_THREADS": "1", "OMP_THREAD_LIMIT": "1"})

    assert cpus.seen == len(os.sched_getaffinity(0))


@pytest.mark.parametrize(
    ("quota", "expected"),
    [
        (["150000 100000"], 1.5),
        (["max 100000"], None),
        (["-1", "100000"], None),
        (["50000", "100000"], 0.5),
        ([], None),
        (["100000 0"], None),
    ],
)
def test_the_cpu_quota_of_either_version(quota: list[str], expected: float | None) -> None:
    """
    Version 2 has one file, version 1 two; none is no quota.
    """
    assert CpuQuota().process(["8", *quota]) == Cpus(8, expected)
