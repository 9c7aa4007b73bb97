"""
The parts of docs/architecture.md that repeat the code: a picture of its imports, and its rooms.

    .venv/bin/python -m engine.architecture [--check]
"""

from __future__ import annotations

import ast
import sys
from collections import defaultdict
from typing import TYPE_CHECKING

import grimp

from engine import marked
from slipway.system import markdown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

PACKAGES = ("slipway", "tasks")
DEPLOY = "deploy.py"
RUNS = ("converge/", DEPLOY)  # no import says it: a convergence has pyinfra run the deploy


def parts() -> dict[str, str]:
    """
    Return what stands between the marks of docs/architecture.md.
    """
    return {"imports": picture(arrows(marked.ROOT)), "rooms": rooms(marked.ROOT / "slipway")}


def arrows(root: Path) -> dict[str, set[str]]:
    """
    Return which rooms each room imports: those of slipway/, the tasks, and the deploy.
    """
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    found = defaultdict(set)
    for module in graph.modules:
        for imported in graph.find_modules_directly_imported_by(module):
            found[_room(module)].add(_room(imported))
    for node in ast.walk(ast.parse((root / DEPLOY).read_text())):
        if isinstance(node, ast.ImportFrom) and node.module in graph.modules:
            found[DEPLOY].add(_room(node.module))
    return {room: others - {room} for room, others in found.items()}


def picture(imports: Mapping[str, set[str]]) -> str:
    """
    Return the imports as a mermaid diagram.

    Where a room gets to another through a third one as well, only that way is drawn: with all
    arrows nobody could follow one.
    """
    shown = {
        (room, other)
        for room, others in imports.items()
        for other in others - {far for near in others for far in _reached(near, imports)}
    }
    rooms_ = sorted({room for arrow in (*shown, RUNS) for room in arrow})
    lines = [f'{_word(room)}["{room}"]' for room in rooms_]
    lines += [f"{_word(room)} --> {_word(other)}" for room, other in sorted(shown)]
    lines.append(f"{_word(RUNS[0])} -. runs .-> {_word(RUNS[1])}")
    return "\n".join(["```mermaid", "flowchart TD", *(f"    {line}" for line in lines), "```", ""])


def rooms(folder: Path) -> str:
    """
    Return what each package below a folder is for, in the words of its docstring.
    """
    rows = []
    for path in sorted(folder.rglob("__init__.py")):
        words = ast.get_docstring(ast.parse(path.read_text())) or ""
        place = path.parent.relative_to(folder.parent)
        rows.append((f"`{place}/`", words.partition("\n\n")[0].replace("\n", " ")))
    return markdown.table(("Room", "What it is for"), rows)


def _room(module: str) -> str:
    top, _, below = module.partition(".")
    name = below.partition(".")[0] if top == "slipway" else top
    return f"{name}.py" if name in {"__main__", "extension"} else f"{name}/"


def _reached(room: str, imports: Mapping[str, set[str]]) -> set[str]:
    """
    Return the rooms below one, however far. A circle is no reason not to come back.
    """
    found: set[str] = set()
    ahead = [room]
    while ahead:
        for other in imports.get(ahead.pop(), set()) - found:
            found.add(other)
            ahead.append(other)
    return found


def _word(room: str) -> str:
    """
    Return a name that mermaid takes.
    """
    return "".join(filter(str.isalnum, room))


if __name__ == "__main__":
    sys.exit(marked.main(sys.argv[1:], "docs/architecture.md", parts))
