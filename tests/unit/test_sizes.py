"""
One module one subject: what grows past a page or two is to be split.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from slipway.contract.paths import PROJECT

FOLDERS = ("slipway", "tasks", "engine", "assembly", "bench")
MODULE, CLASS, ROOMS = 300, 200, 16


def modules() -> Iterator[Path]:
    """
    Go through our code.
    """
    yield from (PROJECT / "deploy.py", PROJECT / "inventory.py")
    for folder in FOLDERS:
        yield from sorted((PROJECT / folder).rglob("*.py"))


def test_no_module_and_no_class_is_long() -> None:
    """
    A longer one has two subjects.
    """
    for file in modules():
        text = file.read_text()
        lines = {
            node.name: node.end_lineno - node.lineno + 1
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.ClassDef) and node.end_lineno
        }
        long = [name for name, number in lines.items() if number > CLASS]

        assert len(text.splitlines()) <= MODULE, f"split {file}: it has more than {MODULE} lines"
        assert not long, f"{file}: split {long}, with more than {CLASS} lines"


def test_the_package_has_few_rooms() -> None:
    """
    Somebody new sees at once where to look.
    """
    rooms = {each.name for each in (PROJECT / "slipway").iterdir()} - {"__pycache__"}

    assert len(rooms) <= ROOMS, f"slipway/ has {sorted(rooms)}"


def test_a_packages_own_file_holds_its_docstring_alone() -> None:
    """
    Each package that is imported is time of every start.
    """
    for file in (PROJECT / "slipway").rglob("__init__.py"):
        body = ast.parse(file.read_text()).body

        assert [type(node) for node in body] == [ast.Expr], f"{file} has code"
