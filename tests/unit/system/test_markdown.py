"""
Tables that stay tables, whatever is in their cells.
"""

from __future__ import annotations

import pytest

from slipway.system import markdown


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("plain", "plain"),
        ("a|b", r"a\|b"),
        (r"a\|b", r"a\\\|b"),
        ("||", r"\|\|"),
        ("one\ntwo", "one two"),
        ("one\r\n\r\ntwo", "one two"),
        ("`a|b`", r"`a\|b`"),
    ],
)
def test_a_cell_is_one_cell(cell: str, expected: str) -> None:
    """
    A bar would begin another one, a line's end another row.
    """
    assert markdown.rows([("x", cell)]) == f"| x | {expected} |\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", ""), ("a b", "`a b`"), ("a`b", "`` a`b ``"), ("``", "``` `` ```")],
)
def test_code_is_shown_as_it_is_typed(text: str, expected: str) -> None:
    assert markdown.code(text) == expected


def test_a_table_has_a_head() -> None:
    assert markdown.table(("A", "B"), [("1", "2")]) == "| A | B |\n| --- | --- |\n| 1 | 2 |\n"
