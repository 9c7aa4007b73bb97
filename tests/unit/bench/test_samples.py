"""
How often contenders are measured, and what their rounds say.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from itertools import cycle

import pytest

from bench.samples import FEWEST, MOST, SECONDS, Effort, Line, Sample, fit, is_settled

STEADY, SHAKEN = (1.0, 1.01, 1.02), (1.0, 2.0, 3.0)


def effort(*, seconds: float = SECONDS, clock: Callable[[], float] = time.monotonic) -> Effort:
    """
    Return one that says nothing.
    """
    return Effort(is_quick=False, said=lambda *_: None, seconds=seconds, clock=clock)


def test_contenders_take_turns_and_every_second_round_goes_backwards() -> None:
    """
    What the machine does besides falls on all of them.
    """
    order: list[str] = []
    said: list[tuple[str, float]] = []

    def measure(name: str, value: float) -> float:
        order.append(name)
        return value + len(order)

    told = Effort(is_quick=False, said=lambda *value: said.append(value), fewest=3, most=3)
    taken = told.interleave(
        {"a": lambda: measure("a", 10), "b": lambda: measure("b", 20), "c": lambda: 7.0}
    )

    assert order == ["a", "b", "b", "a", "a", "b"]
    assert taken == {
        "a": Sample((11, 14, 15)),
        "b": Sample((22, 23, 26)),
        "c": Sample((7.0, 7.0, 7.0)),
    }
    assert said[:4] == [("a", 11), ("b", 22), ("c", 7.0), ("c", 7.0)]


@pytest.mark.parametrize(
    ("ours", "theirs", "rounds"),
    [
        (STEADY, (2.0,), FEWEST),
        ((1.0,), (2.0,), FEWEST),
        (SHAKEN, (2.0,), MOST),
        ((2.0,), SHAKEN, MOST),
        # both are shaken by the same: their ratio is not
        (SHAKEN, tuple(2 * value for value in SHAKEN), FEWEST),
    ],
)
def test_what_is_sure_is_not_measured_more_often(
    ours: tuple[float, ...], theirs: tuple[float, ...], rounds: int
) -> None:
    """
    Rounds go on while the median of their ratios may still be another.
    """
    taken = effort().interleave(
        {"a": partial(next, cycle(ours)), "b": partial(next, cycle(theirs))}
    )

    assert [len(sample.values) for sample in taken.values()] == [rounds, rounds]


def test_rounds_go_on_until_they_are_sure_enough() -> None:
    """
    One slow round of the first five is outweighed by four more.
    """
    slow_once = iter([1.0, 9.0, *[1.0] * MOST])
    taken = effort().interleave({"a": partial(next, slow_once), "b": lambda: 1.0})

    assert len(taken["a"].values) == 9  # the least number that has a value to spare at each end


def test_who_is_known_well_enough_sits_the_other_rounds_out() -> None:
    """
    The others go on, against the same first one, and ratios are of rounds that both took part in.
    """
    taken = effort().interleave(
        {"a": lambda: 4.0, "steady": lambda: 2.0, "shaken": partial(next, cycle(SHAKEN))}
    )
    rounds = {name: len(sample.values) for name, sample in taken.items()}

    assert rounds == {"a": MOST, "steady": FEWEST, "shaken": MOST}
    assert taken["a"].over(taken["steady"]) == (2.0,) * FEWEST
    assert taken["a"].over(taken["shaken"])[:3] == (4.0, 2.0, 4 / 3)


@pytest.mark.parametrize(("seconds", "rounds"), [(0, 5), (59, 5), (60, 6), (99, 9), (999, MOST)])
def test_who_takes_too_long_sits_out_after_the_fewest(seconds: float, rounds: int) -> None:
    """
    A round that would end after a contender's time is not begun; the quick ones go on.
    """
    now = [0.0]

    def slow() -> float:
        now[0] += 10
        return float(now[0] % 30)

    bounded = effort(seconds=float(seconds), clock=lambda: now[0])
    taken = bounded.interleave(
        {"a": lambda: 1.0, "slow": slow, "shaken": partial(next, cycle(SHAKEN))}
    )

    assert [len(sample.values) for sample in taken.values()] == [MOST, rounds, MOST]


def test_a_sample_is_its_median_and_its_extremes() -> None:
    """
    One slow round moves the spread, not the figure.
    """
    assert (Sample((1, 2, 3, 100)).median, Sample((3, 1, 100, 2)).spread) == (2.5, (1, 100))


@pytest.mark.parametrize(
    ("each", "fewest", "rounds"), [(18, 5, 5), (19, 5, 3), (400, 5, 3), (400, 2, 2)]
)
def test_the_slowest_have_three_rounds(each: float, fewest: int, rounds: int) -> None:
    """
    Where five take more than a minute and a half; never more than where all have fewer.
    """
    now = [0.0]

    def slow() -> float:
        now[0] += each
        return now[0]

    bounded = effort(clock=lambda: now[0])._replace(fewest=fewest)
    taken = bounded.interleave({"a": lambda: 1.0, "slow": slow})

    assert [len(sample.values) for sample in taken.values()] == [rounds, rounds]


@pytest.mark.parametrize(("until", "rounds"), [(0, 5), (6.5, 7), (99, MOST)])
def test_who_is_late_has_the_fewest_rounds(until: float, rounds: int) -> None:
    """
    However unsure they are: the whole is over in time.
    """
    now = [0.0]
    bounded = effort(clock=lambda: now[0])._replace(until=until)

    def shaken() -> float:
        now[0] += 1
        return 1 + now[0] % 3

    taken = bounded.interleave({"a": lambda: 1.0, "shaken": shaken})

    assert [len(sample.values) for sample in taken.values()] == [rounds, rounds]


def test_rounds_are_compared_one_by_one() -> None:
    """
    Nothing is divided by nothing.
    """
    ours, theirs = Sample((1.0, 2.0, 3.0)), Sample((2.0, 0.0))

    assert ours.over(theirs) == (0.5,)
    assert ours.beyond(theirs) == (-1.0, 2.0)


def test_a_single_round_settles_nothing() -> None:
    """
    Two that say the same do.
    """
    assert [is_settled(ratios) for ratios in ((), (1.0,), (1.0, 1.0), (1.0, 1.2))] == [
        False,
        False,
        True,
        False,
    ]


def test_a_line_is_fitted_through_points() -> None:
    """
    The fixed cost, and the cost of each.
    """
    assert fit([(1, 3.0), (5, 11.0), (20, 41.0)]) == pytest.approx(Line(1.0, 2.0))
    with pytest.raises(ValueError, match="two different places"):
        fit([(5, 1.0), (5, 2.0)])
