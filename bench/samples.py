"""
Samples of contenders that take turns, as many as it takes to be sure, and a fitted line.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from math import inf
from statistics import median
from typing import NamedTuple

from bench import confidence

Measurement = Callable[[], float]

FEWEST, MOST = 5, 12  # rounds
SECONDS = 15.0  # that one contender may take; its fewest rounds may take longer
SLOW = 90.0  # seconds: who takes longer for the fewest rounds
FEWEST_SLOW = 3  # has these
NARROW = 0.1  # of the ratio: an interval of this width is sure enough


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

    def over(self, other: Sample) -> tuple[float, ...]:
        """
        Return the ratio of each round that both took part in.
        """
        pairs = zip(self.values, other.values, strict=False)
        return tuple(ours / theirs for ours, theirs in pairs if theirs)

    def beyond(self, other: Sample) -> tuple[float, ...]:
        """
        Return the difference of each round that both took part in.
        """
        pairs = zip(self.values, other.values, strict=False)
        return tuple(ours - theirs for ours, theirs in pairs)


def is_settled(ratios: Sequence[float]) -> bool:
    """
    Tell whether more rounds would hardly move their median.
    """
    interval = confidence.of_median(ratios)
    return interval is not None and interval.width <= NARROW * abs(median(ratios))


class Effort(NamedTuple):
    """
    How much is measured.
    """

    is_quick: bool
    said: Callable[[str, float], None]  # told each value as it comes
    fewest: int = FEWEST
    most: int = MOST
    seconds: float = SECONDS
    slow: float = SLOW
    until: float = inf  # by the clock: from then on nobody has more than the fewest rounds
    clock: Callable[[], float] = time.monotonic

    def interleave(self, contenders: Mapping[str, Measurement]) -> dict[str, Sample]:
        """
        Measure contenders in turns, so that what the machine does besides falls on all of them.

        The first one is compared with each of the others. After the fewest rounds, those that it
        is surely compared with, and those that would take too long, sit the others out.
        Every second round goes backwards: nobody is always measured after the same other.
        """
        first, *others = contenders
        taken = dict.fromkeys(contenders, Sample(()))
        spent = dict.fromkeys(contenders, 0.0)
        for number in range(self.most):
            for name in [first, *others][:: -1 if number % 2 else 1]:
                began = self.clock()
                value = contenders[name]()
                spent[name] += self.clock() - began
                taken[name] = Sample((*taken[name].values, value))
                self.said(name, value)
            others = [
                name
                for name in others
                if self._is_wanted(taken[first].over(taken[name]), number + 1, spent[name])
            ]
            if not others:
                break
        return taken

    def _is_wanted(self, ratios: Sequence[float], rounds: int, spent: float) -> bool:
        """
        Tell whether a contender has another round.
        """
        each = spent / rounds
        fewest = FEWEST_SLOW if each * self.fewest > self.slow else self.fewest
        if rounds < min(fewest, self.fewest):
            return True
        is_late = self.clock() >= self.until
        return not is_late and spent + each <= self.seconds and not is_settled(ratios)


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
