"""
Parts of a document that repeat the code. They stand between marks and are written from the code.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from engine.commands import Failure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

ROOT = Path(__file__).parent.parent


def filled(text: str, parts: Mapping[str, str]) -> str:
    """
    Return a document with these parts between their marks. Raises Failure.

    + parts: their names to what stands between `<!-- NAME -->` and `<!-- /NAME -->`
    """
    for name, part in parts.items():
        begin, end = f"<!-- {name} -->\n", f"<!-- /{name} -->"
        head, opening, rest = text.partition(begin)
        _, closing, tail = rest.partition(end)
        if not (opening and closing):
            raise Failure(f"put the marks back: a line {begin.strip()}, and {end} after it")
        text = f"{head}{begin}{part}{end}{tail}"
    return text


def check(text: str, parts: Mapping[str, str]) -> None:
    """
    Raise Failure where the code has other words for a part than the document.
    """
    if names := [name for name, part in parts.items() if filled(text, {name: part}) != text]:
        raise Failure(f"out of date: {', '.join(names)}; run `make readme`")


def main(arguments: Sequence[str], document: str, parts: Callable[[], Mapping[str, str]]) -> int:
    """
    Write the parts into a document, or with --check say which would change; returns the exit code.

    + document: its path in the repository
    """
    path = ROOT / document
    text = path.read_text()
    try:
        if "--check" in arguments:
            check(text, parts())
        else:
            path.write_text(filled(text, parts()))
    except Failure as failure:
        print(f"{document}: {failure.sentence}")  # noqa: T201 - for a person
        return 1
    return 0
