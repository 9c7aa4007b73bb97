"""
How sure a median is: the interval holds what it says it holds.
"""

from __future__ import annotations

import random
from statistics import median

import pytest

from bench import confidence
from bench.confidence import Interval
from bench.results import compared
from bench.samples import Sample


@pytest.mark.parametrize(
    ("number", "ends", "sure"),
    [
        (2, (1, 2), 0.5),
        (3, (1, 3), 0.75),
        (5, (1, 5), 0.9375),
        (6, (1, 6), 0.96875),
        (8, (1, 8), 0.9921875),
        (9, (2, 8), 0.9609375),
        (12, (3, 10), 0.9614),
        (15, (4, 12), 0.9648),
    ],
)
def test_the_interval_is_the_narrowest_that_is_sure(
    number: int, ends: tuple[int, int], sure: float
) -> None:
    """
    As tables of the binomial distribution have it, whatever order the values come in.
    """
    values = [float(value) for value in range(1, number + 1)]
    random.Random(number).shuffle(values)  # noqa: S311 - an order, not a secret

    assert confidence.of_median(values) == pytest.approx(Interval(*ends, sure), abs=1e-4)


def test_one_value_says_nothing_of_how_sure_it_is() -> None:
    """
    Nor does none.
    """
    assert confidence.of_median([1.0]) is None
    assert confidence.of_median([]) is None


@pytest.mark.parametrize("number", [5, 6, 9, 12, 15])
def test_the_interval_holds_the_true_median_as_often_as_it_says(number: int) -> None:
    """
    For values as skewed as times are, too: 3,000 draws from a distribution whose median is known.
    """
    dice = random.Random(1)  # noqa: S311 - the same draws each time
    held, sure, draws = 0, 0.0, 3000
    for _ in range(draws):
        interval = confidence.of_median([dice.lognormvariate(0, 1) for _ in range(number)])
        assert interval is not None
        held += interval.low <= 1.0 <= interval.high
        sure = interval.confidence

    assert held / draws == pytest.approx(sure, abs=0.015)


def test_a_row_is_the_median_of_its_rounds_and_says_how_sure_that_is() -> None:
    """
    Each round's own ratio, or difference: what slows a round slows both.
    """
    ours, theirs = Sample((2, 4, 6, 8, 500)), Sample((1, 2, 3, 4, 100))
    ratio = compared("x", "y", ours, theirs)
    difference = compared("x", "y", ours, theirs, is_difference=True)

    assert (ratio.ratio, ratio.interval) == (2, Interval(2, 5, 0.9375))
    assert (difference.ratio, difference.interval) == (3, Interval(1, 400, 0.9375))
    assert (ratio.ours, ratio.reference) == (6, 3)
    assert ratio.to_json() | {"rounds": 5, "interval": [2, 5], "confidence": 0.9375} == (
        ratio.to_json()
    )
    assert median(ratio.rounds) == ratio.ratio


def test_a_row_of_one_round_has_no_interval() -> None:
    """
    A size is what it is.
    """
    row = compared("x", "y", Sample((3.0,)), Sample((0.0,)), is_difference=True)

    assert (row.ratio, row.interval, row.to_json()["confidence"]) == (3.0, None, None)
