"""
The README's chart, an SVG: for each pair in seconds a bar for us and one for the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

WIDTH, LABELS, BAR, GAP, TOP = 760, 300, 14, 16, 44
OURS, THEIRS, INK, PAPER = "#1f6feb", "#9aa4ae", "#24292f", "#ffffff"


def draw(results: Sequence[Mapping[str, Any]], *, caption: str) -> str:
    """
    Return the chart of all pairs measured in seconds; bars of one pair share a scale.

    + results: as results.json has them; those without figures, or against nothing, are left out
    + caption: the machine
    """
    pairs = [
        entry
        for entry in results
        if entry["unit"] == "s" and entry["ours"] is not None and entry["reference"]
    ]
    height = TOP + len(pairs) * (2 * BAR + GAP) + 24
    head = f'xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}"'
    parts = [
        f'<svg {head} font-family="sans-serif" font-size="11" role="img">',
        f"<title>{escape(f'Slipway compared, in seconds: {len(pairs)} pairs')}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="{PAPER}"/>',
        f'<rect x="{LABELS}" y="14" width="10" height="10" fill="{OURS}"/>',
        _text(LABELS + 16, 23, "Slipway"),
        f'<rect x="{LABELS + 80}" y="14" width="10" height="10" fill="{THEIRS}"/>',
        _text(LABELS + 96, 23, "compared with"),
    ]
    for number, entry in enumerate(pairs):
        parts += _pair(entry, top=TOP + number * (2 * BAR + GAP))
    parts += [_text(10, height - 8, caption), "</svg>"]
    return "\n".join(parts) + "\n"


def _pair(entry: Mapping[str, Any], *, top: int) -> list[str]:
    longest = max(entry["ours"], entry["reference"]) or 1.0
    name, _, against = str(entry["name"]).partition(", against ")
    room = WIDTH - LABELS - 80
    parts = [_text(LABELS - 8, top + BAR - 3, name, anchor="end")]
    parts.append(_text(LABELS - 8, top + 2 * BAR - 3, against, anchor="end"))
    for row, (value, colour) in enumerate(((entry["ours"], OURS), (entry["reference"], THEIRS))):
        y, length = top + row * BAR, max(1.0, room * value / longest)
        parts.append(
            f'<rect x="{LABELS}" y="{y}" width="{length:.1f}" height="{BAR - 2}" fill="{colour}"/>'
        )
        parts.append(_text(LABELS + length + 5, y + BAR - 4, f"{value:.2f} s"))
    return parts


def _text(x: float, y: float, words: str, *, anchor: str = "start") -> str:
    return f'<text x="{x:.1f}" y="{y}" fill="{INK}" text-anchor="{anchor}">{escape(words)}</text>'
