"""
The rows of the benchmark, as a table for people and as results.json for programs.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from statistics import quantiles
from typing import Any, NamedTuple

from bench.samples import Sample

FEW = 3  # rounds: of fewer nothing is said


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
    ratios: tuple[float, ...] = ()  # of each round

    @property
    def within(self) -> tuple[float, float] | None:
        """
        Return between what half of the rounds' own ratios lie: how sure the figure is.
        """
        if len(self.ratios) < FEW or self.is_difference:
            return None
        low, _, high = quantiles(self.ratios, n=4, method="inclusive")
        return low, high

    @property
    def ratio(self) -> float | None:
        """
        Return what is compared with the goal.
        """
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
            "spread": {
                "ours": [round(value, 4) for value in self.ours_spread or ()],
                "reference": [round(value, 4) for value in self.reference_spread or ()],
                "ratio": [round(value, 4) for value in self.within or ()],
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
        tuple(
            one / other for one, other in zip(ours.values, reference.values, strict=False) if other
        ),
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
    head = ("", "ours", "reference", "ratio", "half of the rounds", "goal", "met")
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
        "-" if row.within is None else f"{row.within[0]:.3g}-{row.within[1]:.3g}",
        "-" if row.goal is None else f"{row.goal:{sign}.3g}{suffix}",
        answer,
    )


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
