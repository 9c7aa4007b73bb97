"""
Numbers and spans as people read them.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from slipway.contract.paths import PROJECT
from slipway.system.counting import counted, span


@pytest.mark.parametrize(
    ("number", "words", "said"),
    [
        (0, ("key",), "0 keys"),
        (1, ("key",), "1 key"),
        (2, ("key",), "2 keys"),
        (1, ("file waits", "files wait"), "1 file waits"),
        (7, ("file waits", "files wait"), "7 files wait"),
        (0, ("differs", "differ"), "0 differ"),
        (1, ("differs", "differ"), "1 differs"),
    ],
)
def test_a_number_agrees_with_its_thing(number: int, words: tuple[str, ...], said: str) -> None:
    assert counted(number, *words) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-1, "0 s"),
        (12.9, "12 s"),
        (59.9, "59 s"),
        (60, "1m"),
        (7199, "1h"),
        (86400, "1d"),
        (900000, "10d"),
    ],
)
def test_a_span_has_its_largest_unit(seconds: float, said: str) -> None:
    assert span(seconds) == said


THINGS = (
    "keys|files|lines|containers|programs|remotes|packages|directories|links|terminals|times|"
    "services|processes|threads|operations|mounts|GPUs|variables|extensions|ports|hosts"
)
BARE = re.compile(rf"\{{[^{{}}]+\}} (?:more )?(?:{THINGS})\b")


TOPS = ("slipway", "engine", "tasks")


@pytest.mark.parametrize(
    "path", [path for top in TOPS for path in sorted((PROJECT / top).rglob("*.py"))]
)
def test_no_number_stands_before_a_plural(path: Path) -> None:
    """
    `f"{n} files"` says `1 files`; a constant (in capitals) is never one.
    """
    found = [
        each for each in BARE.findall(path.read_text()) if not each[1:].split("}")[0].isupper()
    ]

    assert found == [], f"{path}: use slipway.system.counting.counted, not {found}"
