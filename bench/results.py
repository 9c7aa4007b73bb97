"""
The rows of the benchmark, as a table for people and as results.json for programs.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from bench import confidence
from bench.confidence import Interval
from bench.samples import Sample


class Row(NamedTuple):
    """
    One pair. `ours` and `reference` are medians in `unit`; lower is better for all of them.
    """

    name: str
    against: str
    ours: float | None  # None: could not be measured, `note` says why
    reference: float | None
    unit: str
    goal: float | None  # None: nothing is promised
    is_difference: bool = (
        False  # the goal is about ours - reference, in `unit`; else ours/reference
    )
    ours_spread: tuple[float, float] | None = None
    reference_spread: tuple[float, float] | None = None
    note: str = ""
    rounds: tuple[float, ...] = ()  # each one's own ratio, or difference

    @property
    def interval(self) -> Interval | None:
        """
        Return how sure `ratio` is; None for a single round.
        """
        return confidence.of_median(self.rounds)

    @property
    def ratio(self) -> float | None:
        """
        Return what is compared with the goal: the median of the rounds' own, where there are some.
        """
        if self.rounds:
            return median(self.rounds)
        if self.ours is None or self.reference is None:
            return None
        if self.is_difference:
            return self.ours - self.reference
        return self.ours / self.reference if self.reference else None

    @property
    def met(self) -> bool | None:
        """
        Tell whether the goal is reached; None where there is none or nothing was measured.
        """
        if self.goal is None or self.ratio is None:
            return None
        return self.ratio <= self.goal

    def to_json(self) -> dict[str, Any]:
        """
        Return it as results.json has it.
        """
        return {
            "name": f"{self.name}, against {self.against}",
            "ours": _rounded(self.ours),
            "reference": _rounded(self.reference),
            "unit": self.unit,
            "ratio": _rounded(self.ratio),
            "goal": self.goal,
            "met": self.met,
            "is_difference": self.is_difference,
            "rounds": len(self.rounds),
            "interval": [round(end, 4) for end in (self.interval or ())[:2]],
            "confidence": self.interval and round(self.interval.confidence, 4),
            "spread": {
                "ours": [round(value, 4) for value in self.ours_spread or ()],
                "reference": [round(value, 4) for value in self.reference_spread or ()],
            },
            "note": self.note,
        }


def compared(  # noqa: PLR0913 - what a row says of its pair
    name: str,
    against: str,
    ours: Sample,
    reference: Sample,
    *,
    unit: str = "s",
    goal: float | None = None,
    is_difference: bool = False,
    note: str = "",
) -> Row:
    """
    Return the row of two samples.
    """
    return Row(
        name,
        against,
        ours.median,
        reference.median,
        unit,
        goal,
        is_difference,
        ours.spread,
        reference.spread,
        note,
        ours.beyond(reference) if is_difference else ours.over(reference),
    )


def unmeasured(  # noqa: PLR0913 - as `compared`
    name: str,
    against: str,
    *,
    unit: str = "s",
    goal: float | None,
    is_difference: bool = False,
    why: str,
) -> Row:
    """
    Return a row without figures.
    """
    return Row(name, against, None, None, unit, goal, is_difference, note=why)


def table(rows: Sequence[Row]) -> list[str]:
    """
    Return the rows as lines of one table.
    """
    head = ("", "ours", "reference", "ratio", "its median lies in", "rounds", "goal", "met")
    cells = [head, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(head))]
    lines = []
    for line in cells:
        first, *others = line
        right = (f"{cell:>{width}}" for cell, width in zip(others, widths[1:], strict=True))
        lines.append("  ".join([f"{first:{widths[0]}}", *right]).rstrip())
    lines += [
        f"not measured: {row.name}, against {row.against}: {row.note}"
        for row in rows
        if row.note and row.ours is None
    ]
    return lines


def _cells(row: Row) -> tuple[str, ...]:
    sign, suffix = ("+", f" {row.unit}") if row.is_difference else ("", "x")
    answer = {True: "yes", False: "NO", None: "-"}[row.met]
    return (
        f"{row.name}, against {row.against}",
        _figure(row.ours, row.unit),
        _figure(row.reference, row.unit),
        "-" if row.ratio is None else f"{row.ratio:{sign}.3g}{suffix}",
        "-" if row.interval is None else _interval(row.interval, sign, suffix),
        f"{len(row.rounds) or '-'}",
        "-" if row.goal is None else f"{row.goal:{sign}.3g}{suffix}",
        answer,
    )


def _interval(interval: Interval, sign: str, suffix: str) -> str:
    low, high, sure = interval
    return f"{low:{sign}.3g} to {high:{sign}.3g}{suffix} ({sure:.0%})"


def _figure(value: float | None, unit: str) -> str:
    return "-" if value is None else f"{value:.3f} {unit}" if unit == "s" else f"{value:.1f} {unit}"


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def save(
    path: Path, rows: Sequence[Row], *, machine: dict[str, Any], extra: dict[str, Any]
) -> None:
    """
    Write results.json. Raises OSError.

    + machine: where it was measured, storage driver included
    + extra: what is no pair: scaling
    """
    document = {"machine": machine, "results": [row.to_json() for row in rows], **extra}
    path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")
