"""
Lines for a person: 80 columns, a label before each, colours on a terminal only.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from slipway.environment import saved

WIDTH = 80
LABEL = 10  # columns
_GAP = "  "  # between two items of a line
GOOD, BAD, IDLE = "●", "✗", "○"
_ASCII = {GOOD: "+", BAD: "x", IDLE: "o"}
_COLOURS = {GOOD: "32", BAD: "31", IDLE: "2", "HEALTHY": "1;32", "UNHEALTHY": "1;31"}


class Style(NamedTuple):
    """
    What the reader's terminal can show.
    """

    is_coloured: bool = False
    is_unicode: bool = True

    @classmethod
    def of(cls, environment: Mapping[str, str], *, is_terminal: bool) -> Style:
        """
        Return what suits a reader; https://no-color.org, and locale(7) for the letters.
        """
        is_plain = environment.get("NO_COLOR") or environment.get("TERM", "dumb") == "dumb"
        names = ("LC_ALL", "LC_CTYPE", "LANG")
        locale = next((environment[name] for name in names if environment.get(name)), "")
        is_unicode = "utf8" in locale.lower().replace("-", "")
        return cls(is_terminal and not is_plain, is_unicode)


def style() -> Style:
    """
    Return what suits our own reader: Python itself may have changed our locale since we began.
    """
    given = saved.of_process("self")
    return Style.of(given, is_terminal=sys.stdout.isatty())


class Item(NamedTuple):
    """
    One of several things that stand side by side, with its mark.
    """

    mark: str
    text: str

    def __str__(self) -> str:
        return f"{self.mark} {self.text}"


def sentence(label: str, text: str) -> list[str]:
    """
    Return a label with one thing to say, over as many lines as it takes; words stay whole.
    """
    wrapped = textwrap.wrap(
        text,
        WIDTH - LABEL,
        subsequent_indent=_GAP,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return _labelled(label, wrapped or [""])


def items(label: str, these: Sequence[Item]) -> list[str]:
    """
    Return a label with several things, as many on a line as there is room for.
    """
    lines: list[str] = []
    for each in these:
        text = str(each)
        if lines and len(lines[-1]) + len(_GAP) + len(text) <= WIDTH - LABEL:
            lines[-1] += f"{_GAP}{text}"
        else:
            lines += [line[LABEL:] for line in sentence("", text)]
    return _labelled(label, lines)


def columns(rows: Sequence[tuple[str, str, str]]) -> list[str]:
    """
    Return labels with two things each, the second ones below each other where there is room.
    """
    widest = max(len(left) for _, left, _ in rows)
    lines = []
    for label, left, right in rows:
        joined = f"{left:{widest}}   {right}".rstrip()
        if LABEL + len(joined) <= WIDTH:
            lines += _labelled(label, [joined])
        else:
            lines += [*sentence(label, left), *sentence("", right)]
    return lines


def styled(lines: Sequence[str], how: Style) -> list[str]:
    """
    Return lines as a terminal or a file gets them.
    """
    return [_styled(line, how) for line in lines]


def _styled(line: str, how: Style) -> str:
    if how.is_coloured:
        word, gap, rest = line.partition(" ")
        if word in ("HEALTHY", "UNHEALTHY"):
            return f"\033[{_COLOURS[word]}m{word}\033[0m{gap}{rest}"
    if not how.is_unicode:
        for mark, plain in _ASCII.items():
            line = line.replace(f"{mark} ", f"{plain} ")
        return line.encode("ascii", "backslashreplace").decode()
    if how.is_coloured:
        for mark in _ASCII:
            line = line.replace(f"{mark} ", f"\033[{_COLOURS[mark]}m{mark}\033[0m ")
    return line


def _labelled(label: str, lines: Sequence[str]) -> list[str]:
    return [f"{label if not number else '':{LABEL}}{line}" for number, line in enumerate(lines)]
