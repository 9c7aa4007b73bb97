"""
Markdown that stays what it is, whatever words are in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence


def table(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """
    Return a table.
    """
    return rows([head, ["---"] * len(head), *lines])


def rows(lines: Iterable[Sequence[str]]) -> str:
    """
    Return rows of a table, each on one line.
    """
    return "".join(f"| {' | '.join(map(_cell, cells))} |\n" for cells in lines)


def code(text: str) -> str:
    """
    Return a text as it is typed; "" for none.
    """
    if not text:
        return ""
    fence = "`" * (max(map(len, re.findall("`+", text)), default=0) + 1)
    pad = " " if "`" in text else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _cell(text: str) -> str:
    """
    Return a text within a table: a bar would end its cell, a line's end the row.
    """
    line = re.sub(r"[\r\n]+", " ", text)
    return re.sub(r"(\\*)\|", lambda found: f"{found[1] * 2}\\|", line)
