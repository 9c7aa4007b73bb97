"""
How sure a median is.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import comb
from typing import NamedTuple

SURE = 0.95


class Interval(NamedTuple):
    """
    Where the median of all rounds there could be lies, and how often such an interval holds it.
    """

    low: float
    high: float
    confidence: float

    @property
    def width(self) -> float:
        """
        Return how far apart its ends are.
        """
        return self.high - self.low


def of_median(values: Sequence[float]) -> Interval | None:
    """
    Return the narrowest interval of two of the values that is SURE; None for fewer than two values.

    Whatever the values are distributed like, each is below their true median as often as above it.
    So that median is outside of the k-th least and the k-th most as often as fewer than k of so
    many coins show heads, or fewer than k tails. Fewer than six values are never SURE: then the
    interval is from the least to the most, and its confidence says what it is.
    """
    number = len(values)
    if number < 2:  # noqa: PLR2004 - an interval has two ends
        return None
    held = 1
    while held < number // 2 and _confidence(number, held + 1) >= SURE:
        held += 1
    ordered = sorted(values)
    return Interval(ordered[held - 1], ordered[-held], _confidence(number, held))


def _confidence(number: int, held: int) -> float:
    return 1 - 2 * sum(comb(number, heads) for heads in range(held)) / (1 << number)
