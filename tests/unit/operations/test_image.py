"""
What an image says of itself, and that nothing is done where it says so already.
"""

from __future__ import annotations

import pytest

from slipway.facts.image import BillIsCurrent, BuildTraces
from slipway.operations import image
from tests.unit.conftest import Run

PYTHON = "/opt/slipway/venv/bin/python3 -I -m"


def test_traces_are_removed_where_there_are_any(run: Run) -> None:
    """
    By the program that found them, which knows no name from outside.
    """
    found = run(image.without_traces, facts={BuildTraces: ["/var/log/dpkg.log"]})

    assert found == [f"{PYTHON} slipway.system.traces remove"]
    assert run(image.without_traces, facts={BuildTraces: []}) == []


@pytest.mark.parametrize(
    ("is_current", "commands"), [(True, []), (False, [f"{PYTHON} slipway sbom --write"])]
)
def test_the_bill_is_written_where_it_is_another(
    run: Run, commands: list[str], *, is_current: bool
) -> None:
    """
    The same software leaves it as it is, date and all.
    """
    assert run(image.bill_of_materials, facts={BillIsCurrent: is_current}) == commands


def test_what_the_facts_read() -> None:
    """
    A path a line; a word, or nothing where the command failed.
    """
    assert BuildTraces().process(["/etc/shadow-"]) == ["/etc/shadow-"]
    assert BillIsCurrent().process(["yes"]) is True
    assert BillIsCurrent().process([]) is False
