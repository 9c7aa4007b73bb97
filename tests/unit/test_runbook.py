"""
Each error that a user may read has its entry in docs/runbook.md.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from slipway.contract.paths import PROJECT

RUNBOOK = (PROJECT / "docs/runbook.md").read_text()
PARTS = ("Meaning.", "Impact.", "Diagnosis.", "Mitigation.")

# What says an error to a user, and which of its arguments have the words
CALLS = ("Failure", "Obstacle", "OSError", "Refused", "TimeoutError", "Unusable", "degrade")
# What an author of an image, a developer, or a program of ours is told
OTHERS = ("connectors/", "environment/extensions.py", "engine/marked.py", "engine/readme.py")
VALUE_ERRORS = ("services/cron/", "services/declaration.py")
GAP = "\N{HORIZONTAL ELLIPSIS}"


def texts(node: ast.expr) -> Iterator[str]:
    """
    Go through the texts that an expression may have, with a gap for what differs.
    """
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        parts = (each.value if isinstance(each, ast.Constant) else GAP for each in node.values)
        yield "".join(map(str, parts))
    elif isinstance(node, ast.IfExp):
        yield from texts(node.body)
        yield from texts(node.orelse)


def said(path: Path) -> Iterator[str]:
    """
    Go through the errors that a module says.
    """
    is_value = any(part in str(path) for part in VALUE_ERRORS)
    for call in ast.walk(ast.parse(path.read_text())):
        if not isinstance(call, ast.Call):
            continue
        name = getattr(call.func, "id", "") or getattr(call.func, "attr", "")
        owner = getattr(getattr(call.func, "value", None), "attr", "")
        is_complaint = name == "append" and owner == "complaints"
        if name in CALLS or is_complaint or (is_value and name == "ValueError"):
            for argument in call.args[:2]:
                yield from texts(argument)


def sayings() -> list[tuple[str, str]]:
    """
    Return all of them that are sentences, with the module of each.
    """
    found = []
    for top in ("slipway", "engine"):
        for path in sorted((PROJECT / top).rglob("*.py")):
            place = str(path.relative_to(PROJECT))
            if not any(other in place for other in OTHERS):
                found += [(place, each) for each in said(path) if " " in each.strip(f"{GAP} ")]
    return found


def entries() -> dict[str, str]:
    """
    Return the runbook's entries by their headings.
    """
    _, *rest = re.split(r"^### (.+)$", RUNBOOK, flags=re.MULTILINE)
    return dict(zip(rest[::2], rest[1::2], strict=True))


@pytest.mark.parametrize(("place", "text"), sayings())
def test_each_error_has_its_entry(place: str, text: str) -> None:
    """
    Word for word, in a block of its own: somebody looks for it with Ctrl-F.
    """
    blocks = "\n".join(re.findall(r"^```text\n(.*?)^```$", RUNBOOK, re.DOTALL | re.MULTILINE))

    assert text in blocks.splitlines(), f"{place} says {text!r}: docs/runbook.md needs an entry"


@pytest.mark.parametrize("name", entries())
def test_each_entry_says_all_of_it(name: str) -> None:
    entry = entries()[name]

    assert [part for part in PARTS if f"**{part}**" not in entry] == []
    assert "```text\n" in entry


def test_enough_is_collected() -> None:
    """
    A collector that finds nothing would ask for nothing.
    """
    assert len(sayings()) > 80
