"""
The CPU quota and the limit of processes, and what libraries are told of them.
"""

from __future__ import annotations

import pytest

from slipway.environment.cpus import (
    PROCESS_FILES,
    QUOTA_FILES,
    VARIABLES,
    Cpus,
    because,
    parse,
    threads,
)

V2, QUOTA, PERIOD = QUOTA_FILES
PIDS, PIDS_V1 = PROCESS_FILES


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([f"{V2}:50000 100000"], (0.5, None)),
        ([f"{V2}:max 100000", f"{PIDS}:max"], (None, None)),
        ([f"{QUOTA}:-1", f"{PERIOD}:100000"], (None, None)),
        ([f"{QUOTA}:250000", f"{PERIOD}:100000", f"{PIDS_V1}:64"], (2.5, 64)),
        ([], (None, None)),
        ([f"{QUOTA}:150000", f"{PIDS}:100"], (None, 100)),
        ([f"{V2}:1 0"], (None, None)),
        ([f"{PIDS}:4194304"], (None, 4194304)),
    ],
    ids=["v2", "v2 without", "v1 without", "v1", "no files", "half of v1", "no period", "pids"],
)
def test_the_limits_of_either_kernel_interface(
    lines: list[str], expected: tuple[float | None, int | None]
) -> None:
    """
    Cgroup v2 has one file for the quota, v1 two; none of them, or no limit in them, is no limit.
    """
    assert parse(8, lines) == Cpus(8, *expected)


@pytest.mark.parametrize(
    ("cpus", "wanted", "expected"),
    [
        (Cpus(64, 7.5), None, "8"),
        (Cpus(64, 0.5), None, "1"),
        (Cpus(4, 4.0), None, None),
        (Cpus(4, 8.0), None, None),
        (Cpus(4, None), None, None),
        (Cpus(4, None), 2, "2"),
        (Cpus(64, 7.5), 3, "3"),
        (Cpus(64, None, 100), None, "25"),
        (Cpus(64, 7.5, 20), None, "5"),
        (Cpus(64, 7.5, 4000), None, "8"),
        (Cpus(8, None, 4000), None, None),
        (Cpus(8, None, 3), None, "1"),
        (Cpus(8, None, 3), 6, "6"),
    ],
)
def test_libraries_get_no_more_threads_than_cpus(
    cpus: Cpus, wanted: int | None, expected: str | None
) -> None:
    """
    Rounded up and at least one; nothing without a limit below the cores; the user's number wins.
    """
    given = threads(cpus, wanted=wanted, environment={})

    assert given == ({} if expected is None else dict.fromkeys(VARIABLES, expected))


def test_what_the_user_set_stands() -> None:
    """
    Each of the variables for itself.
    """
    given = threads(Cpus(64, 2.0), wanted=None, environment={"MKL_NUM_THREADS": "7"})

    assert "MKL_NUM_THREADS" not in given
    assert given["OMP_NUM_THREADS"] == "2"


@pytest.mark.parametrize(
    ("cpus", "words"),
    [
        (Cpus(64, 7.5, 4000), "the CPU quota is 7.5 of 64"),
        (Cpus(64, 7.5, 20), "there may be 20 processes and threads"),
        (Cpus(64, None, 20), "there may be 20 processes and threads"),
        (Cpus(64, None), ""),
    ],
)
def test_the_limit_that_decides_is_told(cpus: Cpus, words: str) -> None:
    """
    In a line of status.
    """
    assert because(cpus) == words
