"""
What is installed before Slipway is there is what its tasks want.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from assembly import install
from tasks import packages, ssh

ROOT = Path(__file__).parents[3]

MODULI = """\
# Time Type Tests Tries Size Generator Modulus
20200101000000 2 6 100 2047 2 A
20200101000000 2 6 100 3071 2 B
20200101000000 2 6 100 8191 2 C
"""


def test_the_packages_are_those_of_the_task() -> None:
    """
    Read from its source: nothing of Slipway can be imported yet.
    """
    source = (ROOT / "tasks/packages.py").read_text()

    assert list(packages.PACKAGES) == install.packages(source)


def test_a_task_without_a_list_ends_the_build() -> None:
    """
    An image without packages would be found out much later.
    """
    with pytest.raises(SystemExit, match="PACKAGES is no list"):
        install.packages("OTHER = []")


def test_weak_groups_are_left_out_as_by_the_task() -> None:
    """
    Else the task would write the whole file into the last layer.
    """
    assert ssh.SMALLEST_MODULUS == install.SMALLEST_MODULUS
    assert [line[-1] for line in install.strong(MODULI).splitlines()] == ["s", "B", "C"]


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("", {}),
        ("2026-11-26", {"SOURCE_DATE_EPOCH": "1795651200"}),
        ("2026-11-26T00:01:00Z", {"SOURCE_DATE_EPOCH": "1795651260"}),
    ],
)
def test_accounts_are_dated_as_the_packages(day: str, expected: dict[str, str]) -> None:
    """
    A day, the moment of an update, or now.
    """
    assert expected == install.epoch(day)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("[a]\n\tz = 1\n\tb = 2\n[c]\n\ty = 3\n", "[a]\n\tb = 2\n\tz = 1\n[c]\n\ty = 3\n"),
        ("", ""),
        ("[a]\n", "[a]\n"),
    ],
)
def test_gits_configuration_is_the_same_in_each_build(written: str, expected: str) -> None:
    """
    Sections stay where they are: the later one counts.
    """
    assert install.in_order(written) == expected
