"""
`make up` prints no ssh line that can't work.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from engine import login
from engine.login import Login


def status(**said: object) -> str:
    """
    Return a status that says so of the login.
    """
    return json.dumps({"converged": "", "login": said})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (status(possible=True, ports=[22], obstacles=[]), Login()),
        (
            status(possible=False, ports=[22, 2222], obstacles=["root can't"]),
            Login(possible=False, ports=(22, 2222), obstacles=("root can't",)),
        ),
        ("", Login()),
        ("Error: No such container", Login()),
        ("{}", Login()),
        (json.dumps({"login": None}), Login()),
    ],
)
def test_a_container_that_does_not_tell_is_taken_to_let_root_in(text: str, expected: Login) -> None:
    assert login.parse(text) == expected


@pytest.mark.parametrize(
    ("ports", "published", "expected"),
    [
        ((22,), {22: 2201}, 2201),
        ((22,), {}, 2200),
        ((2222,), {22: 2201}, None),
        ((2222,), {22: 2201, 2222: 2202}, 2202),
        ((22, 2222), {2222: 2202}, 2202),
    ],
)
def test_the_port_is_one_that_leads_to_sshd(
    ports: tuple[int, ...], published: Mapping[int, int], expected: int | None
) -> None:
    assert Login(ports=ports).published(published.get, 2200) == expected


def test_a_port_that_is_not_published_is_named() -> None:
    assert "port 2222, which" in Login(ports=(2222,)).unpublished()
