"""
How many may knock at once, by what a container has.
"""

from __future__ import annotations

import pytest

from slipway.ssh.admission import Limits, options

MIB = 1 << 20
GIB = 1 << 30


def chosen(limits: Limits) -> tuple[int, int]:
    """
    Return how many may wait for their login: of all addresses, of one.
    """
    given = options(limits=limits, version=(9, 2))
    return int(given["MaxStartups"]), int(given["PerSourceMaxStartups"])


def test_500_strangers_and_50_logins_fit_in_where_nothing_is_limited() -> None:
    """
    Of one address together, and of two.
    """
    total, of_one_address = chosen(Limits())

    assert of_one_address >= 550
    assert total - of_one_address >= 50


@pytest.mark.parametrize(
    "limits", [Limits(memory=2 * GIB), Limits(processes=2048), Limits(files=512)]
)
def test_one_address_can_never_take_the_room_of_50_others(limits: Limits) -> None:
    """
    However small the container is, down to some 700 MB.
    """
    total, of_one_address = chosen(limits)

    assert total - of_one_address >= 50


@pytest.mark.parametrize("memory", [512 * MIB, GIB, 4 * GIB, 64 * GIB])
def test_strangers_take_no_more_than_half_of_the_memory(memory: int) -> None:
    """
    At 3.1 MiB for one in the middle of its key exchange.
    """
    total, _ = chosen(Limits(memory=memory))

    assert total * 3.1 * MIB <= memory / 2


def test_strangers_take_no_more_than_half_of_the_processes() -> None:
    """
    Two for each.
    """
    assert 2 * chosen(Limits(processes=1000))[0] <= 500


@pytest.mark.parametrize("limits", [Limits(memory=1), Limits(processes=1), Limits(files=1)])
def test_a_tiny_container_lets_somebody_knock(limits: Limits) -> None:
    """
    Some more than sshd turns away by default, whatever they cost.
    """
    assert chosen(limits) == (64, 32)


@pytest.mark.parametrize(
    ("version", "known"),
    [
        ((0, 0), set()),
        ((8, 9), set()),
        ((9, 1), {"RequiredRSASize"}),
        ((9, 7), {"RequiredRSASize"}),
        ((9, 8), {"RequiredRSASize", "PerSourcePenalties"}),
        ((10, 0), {"RequiredRSASize", "PerSourcePenalties"}),
    ],
)
def test_only_options_that_sshd_knows_are_set(version: tuple[int, int], known: set[str]) -> None:
    """
    With another one it would not start.
    """
    given = options(limits=Limits(), version=version)

    assert set(given) == {"MaxStartups", "PerSourceMaxStartups"} | known
