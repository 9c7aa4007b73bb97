"""
An image's own files: traces of its build, and its bill of materials.
"""

from __future__ import annotations

from slipway.facts.image import BillIsCurrent, BuildTraces


def test_each_line_is_a_trace() -> None:
    """
    Any characters but a newline's.
    """
    paths = ["/var/log/dpkg.log", "/var/log/a b.log"]

    assert BuildTraces().process(paths) == paths


def test_a_bill_is_current_where_the_check_says_so() -> None:
    """
    A check that fails prints why, and no yes.
    """
    assert BillIsCurrent().process(["yes"]) is True
    assert BillIsCurrent().process(["the bill of materials is out of date", "yes"]) is False
    assert BillIsCurrent().default() is False
