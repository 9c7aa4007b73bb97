"""
Lean byte-code does what the source does.
"""

from __future__ import annotations

import importlib.util
import marshal
from pathlib import Path
from types import CodeType
from typing import Any

from assembly.prune import compile_all

SOURCE = '''
"""A module."""
from __future__ import annotations

from typing import NamedTuple


class Pair(NamedTuple):
    """Two."""

    first: Unknown
    second: int = 2


def add(one: Pair, *more: int, last: Missing = 0) -> Missing:
    """Add."""
    assert one
    return one.first + one.second + sum(more) + last


total = add(Pair(1), 3, last=4)
'''


def code(path: Path) -> CodeType:
    """
    Return what is compiled for a source.
    """
    compiled = Path(importlib.util.cache_from_source(path)).read_bytes()
    found: CodeType = marshal.loads(compiled[16:])  # noqa: S302 - of our own
    return found


def test_it_does_what_the_source_does(tmp_path: Path) -> None:
    """
    Fields keep their names and defaults; of functions no annotation is left, nor one evaluated.
    """
    path = tmp_path / "module.py"
    path.write_text(SOURCE)
    compile_all(tmp_path, lean=True)
    names: dict[str, Any] = {"__name__": "module"}
    exec(code(path), names)  # noqa: S102 - it was written above

    assert names["total"] == 10
    assert names["Pair"]._fields == ("first", "second")
    assert names["add"].__annotations__ == {}
    assert names["add"].__doc__ is None
    assert code(path).co_filename == str(path)


def test_it_is_smaller_and_the_same_each_time(tmp_path: Path) -> None:
    path = tmp_path / "module.py"
    path.write_text(SOURCE)
    compiled = Path(importlib.util.cache_from_source(path))
    sizes, contents = [], []
    for lean in (False, True, True):
        compile_all(tmp_path, lean=lean)
        contents.append(compiled.read_bytes())
        sizes.append(len(contents[-1]))
        compiled.unlink()

    assert sizes[1] < sizes[0]
    assert contents[1] == contents[2]
    assert contents[0][:16] == contents[1][:16]
