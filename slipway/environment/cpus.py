"""
How many CPUs this container may use: clouds sell slices of large machines.

A library that starts a thread for each core it sees thrashes in a slice of a few. The kernel's
quota (sched-bwc, cgroup-v2.rst) says how much there really is.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

QUOTA_FILES = (
    "/sys/fs/cgroup/cpu.max",  # version 2: "200000 100000", or "max 100000"
    "/sys/fs/cgroup/cpu/cpu.cfs_quota_us",  # version 1: -1 for no quota
    "/sys/fs/cgroup/cpu/cpu.cfs_period_us",
)
# What OpenMP, MKL, OpenBLAS, BLIS, NumExpr and Rust's rayon read
VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMEXPR_MAX_THREADS",
    "RAYON_NUM_THREADS",
)


class Cpus(NamedTuple):
    """
    The CPUs a process sees, and how many of them it may use up at once.
    """

    seen: int
    quota: float | None  # None: no limit


def parse(seen: int, lines: Iterable[str]) -> Cpus:
    """
    Read the quota off the lines of QUOTA_FILES, in that order, missing ones left out.
    """
    numbers = " ".join(lines).split()[:2]
    if len(numbers) != 2 or not all(number.isdigit() for number in numbers):  # noqa: PLR2004
        return Cpus(seen, None)  # "max", -1, or no such files
    quota, period = map(int, numbers)
    return Cpus(seen, quota / period if period else None)


def detect() -> Cpus:
    """
    Read this container's.
    """
    lines = []
    for path in QUOTA_FILES:
        try:
            lines.append(Path(path).read_text())
        except OSError:  # noqa: PERF203 - three files, not three million
            continue
    return parse(len(os.sched_getaffinity(0)), lines)


def threads(cpus: Cpus, *, wanted: int | None, environment: Mapping[str, str]) -> dict[str, str]:
    """
    Return the variables that size libraries to the quota, none that the user has set.

    + wanted: the user's own number (SLIPWAY_THREADS); None for as many as the quota gives
    """
    number = wanted or fitting(cpus)
    if number is None:
        return {}
    return {name: str(number) for name in VARIABLES if not environment.get(name)}


def fitting(cpus: Cpus) -> int | None:
    """
    Return how many threads the quota has room for; None where it is no limit.
    """
    if cpus.quota is None or cpus.quota >= cpus.seen:
        return None
    return max(1, math.ceil(cpus.quota))
