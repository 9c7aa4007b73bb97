"""
The CPU quota, and what libraries are told of it.
"""

from __future__ import annotations

import pytest

from slipway.environment.cpus import VARIABLES, Cpus, parse, threads


@pytest.mark.parametrize(
    ("lines", "quota"),
    [
        (["50000 100000"], 0.5),
        (["max 100000"], None),
        (["-1", "100000"], None),
        (["250000", "100000"], 2.5),
        ([], None),
        (["150000"], None),
        (["1 0"], None),
    ],
    ids=["v2", "v2 without", "v1 without", "v1", "no files", "half of v1", "no period"],
)
def test_the_quota_of_either_kernel_interface(lines: list[str], quota: float | None) -> None:
    """
    Cgroup v2 has one file, v1 two; none of them, or no limit in them, is no limit.
    """
    assert parse(8, lines) == Cpus(8, quota)


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
    ],
)
def test_libraries_get_no_more_threads_than_cpus(
    cpus: Cpus, wanted: int | None, expected: str | None
) -> None:
    """
    Rounded up and at least one; nothing without a quota below the cores; the user's number wins.
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
