"""
How many CPUs this container may use: clouds sell slices of large machines.

A library that starts a thread for each core it sees thrashes in a slice of a few. The kernel's
quota (sched-bwc, cgroup-v2.rst) says how much there really is. Where the number of processes is
bounded (pids.max), threads count as such, and a library that starts too many ends its program.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from slipway.system.counting import counted

QUOTA_FILES = (
    "/sys/fs/cgroup/cpu.max",  # version 2: "200000 100000", or "max 100000"
    "/sys/fs/cgroup/cpu/cpu.cfs_quota_us",  # version 1: -1 for no quota
    "/sys/fs/cgroup/cpu/cpu.cfs_period_us",
)
PROCESS_FILES = (
    "/sys/fs/cgroup/pids.max",  # version 2: a number, or "max"
    "/sys/fs/cgroup/pids/pids.max",  # version 1
)
FILES = (*QUOTA_FILES, *PROCESS_FILES)
_SHARE = 4  # of all processes, one library gets so small a part: several are in use at once
# What OpenMP, MKL, OpenBLAS, BLIS, NumExpr, Rust's rayon and tokio read
VARIABLES = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "BLIS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "NUMEXPR_MAX_THREADS",
    "RAYON_NUM_THREADS",
    "TOKIO_WORKER_THREADS",
)


class Cpus(NamedTuple):
    """
    The CPUs a process sees, and how many of them it may use up at once.
    """

    seen: int
    quota: float | None  # None: no limit
    processes: int | None = None  # and threads; None: no limit


def parse(seen: int, lines: Iterable[str]) -> Cpus:
    """
    Read the limits off the lines of FILES, each after its path and a colon, missing ones left out.
    """
    said = [line.partition(":")[::2] for line in lines]
    numbers = [word for path, text in said if path in QUOTA_FILES for word in text.split()][:2]
    bounds = [int(text) for path, text in said if path in PROCESS_FILES and text.strip().isdigit()]
    processes = min(bounds, default=None)
    if len(numbers) != 2 or not all(number.isdigit() for number in numbers):  # noqa: PLR2004
        return Cpus(seen, None, processes)  # "max", -1, or no such files
    quota, period = map(int, numbers)
    return Cpus(seen, quota / period if period else None, processes)


def detect() -> Cpus:
    """
    Read this container's.
    """
    return parse(seen(), lines())


def seen() -> int:
    """
    Return how many processors this process may use; all there are where the kernel does not say.
    """
    try:
        return len(os.sched_getaffinity(0))
    except OSError:  # a seccomp profile
        return os.cpu_count() or 1


def lines() -> list[str]:
    """
    Return the lines of FILES, as `parse` takes them.
    """
    found = []
    for path in FILES:
        try:
            found += [f"{path}:{line}" for line in Path(path).read_text().splitlines()]
        except OSError:  # noqa: PERF203 - five files, not five million
            continue
    return found


def threads(cpus: Cpus, *, wanted: int | None, environment: Mapping[str, str]) -> dict[str, str]:
    """
    Return the variables that size libraries to the limits, none that the user has set.

    + wanted: the user's own number (SLIPWAY_THREADS); None for as many as the limits give
    """
    number = wanted or fitting(cpus)
    if number is None:
        return {}
    return {name: str(number) for name in VARIABLES if not environment.get(name)}


def fitting(cpus: Cpus) -> int | None:
    """
    Return how many threads the limits have room for; None where they are none.
    """
    number = min(_room(cpus).values(), default=cpus.seen)
    return max(1, number) if number < cpus.seen else None


def because(cpus: Cpus) -> str:
    """
    Say which limit decides; "" for none.
    """
    room = _room(cpus)
    return min(room, key=lambda words: room[words], default="")


def _room(cpus: Cpus) -> dict[str, int]:
    """
    Return the limits in words, with the threads that each has room for.
    """
    room = {}
    if cpus.quota is not None:
        room[f"the CPU quota is {cpus.quota:g} of {cpus.seen}"] = math.ceil(cpus.quota)
    if cpus.processes is not None:
        most = counted(cpus.processes, "process or thread", "processes and threads")
        room[f"there may be {most}"] = cpus.processes // _SHARE
    return room
