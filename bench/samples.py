"""
Samples of a pair, and what is said of them: medians, spread, a fitted line.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import median, quantiles
from typing import NamedTuple

Measurement = Callable[[], float]

ENOUGH = 5  # rounds, where their medians are known as well as this:
CLOSE = 0.05  # half of the values lie within so much of the median


class Sample(NamedTuple):
    """
    What one contender gave, in the order of its rounds.
    """

    values: tuple[float, ...]

    @property
    def median(self) -> float:
        """
        Return the middle one.
        """
        return median(self.values)

    @property
    def spread(self) -> tuple[float, float]:
        """
        Return the least and the most.
        """
        return min(self.values), max(self.values)

    @property
    def is_settled(self) -> bool:
        """
        Tell whether more rounds would hardly move the median.
        """
        if len(self.values) < ENOUGH:
            return False
        low, _, high = quantiles(self.values, n=4, method="inclusive")
        return high - low <= CLOSE * abs(self.median)


class Effort(NamedTuple):
    """
    How much is measured.
    """

    rounds: int
    is_quick: bool
    said: Callable[[str, float], None]  # told each value as it comes

    def interleave(self, contenders: Mapping[str, Measurement]) -> dict[str, Sample]:
        """
        Measure contenders in turns, so that what the machine does besides falls on all of them.

        Every second round goes backwards: none of them is always measured after the same other.
        Where all contenders give nearly the same each time, there are fewer rounds.
        """
        values: dict[str, list[float]] = {name: [] for name in contenders}
        for number in range(self.rounds):
            for name in list(contenders)[:: -1 if number % 2 else 1]:
                values[name].append(contenders[name]())
                self.said(name, values[name][-1])
            if all(Sample(tuple(taken)).is_settled for taken in values.values()):
                break
        return {name: Sample(tuple(taken)) for name, taken in values.items()}


class Line(NamedTuple):
    """
    A straight line through points: `fixed` and for each one more `each`.
    """

    fixed: float
    each: float


def fit(points: Sequence[tuple[float, float]]) -> Line:
    """
    Return the line with the least squares. Raises ValueError for fewer than two different places.
    """
    middle_x = sum(x for x, _ in points) / max(len(points), 1)
    middle_y = sum(y for _, y in points) / max(len(points), 1)
    width = sum((x - middle_x) ** 2 for x, _ in points)
    if not width:
        raise ValueError("a line needs two different places")
    each = sum((x - middle_x) * (y - middle_y) for x, y in points) / width
    return Line(middle_y - each * middle_x, each)
