"""
`make up` prints no ssh line that can't work.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from engine import login
from engine.login import Login, Page


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
        (
            json.dumps(
                {
                    "login": {"possible": True, "ports": [22], "obstacles": []},
                    "failed": [{"task": "T", "name": "n", "detail": "d"}],
                    "refusals": [{"variable": "A", "rule": "must", "effect": "ignored"}],
                    "degraded": [{"feature": "F", "condition": "c"}],
                }
            ),
            Login(concerns=("failed: T: n: d", "refused: A: must (ignored)", "degraded: F: c")),
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


def program(**said: object) -> dict[str, object]:
    """
    Return a program as a status has it.
    """
    return {"name": "web", "port": 8888, "state": "ready", "link": "http://HOST:8888/x?a=b", **said}


def test_pages_are_those_that_have_a_link() -> None:
    """
    An older status knows of none.
    """
    programs = [program(), program(name="db", link=""), {"name": "sshd"}]
    document = {"login": {"possible": True, "ports": [22], "obstacles": []}, "programs": programs}

    assert login.parse(json.dumps(document)).pages == (
        Page("web", 8888, "http://HOST:8888/x?a=b", "ready"),
    )


@pytest.mark.parametrize("link", ["http://HOST:8888/x?a=b%2F", "https://x-8888.example/x?a=b%2F"])
def test_a_pages_address_is_this_machines(link: str) -> None:
    """
    With all that opens it.
    """
    page = Page("web", 8888, link)

    assert page.address(8889) == "http://127.0.0.1:8889/x?a=b%2F"
    assert "web listens on port 8888, which is not published" in page.unpublished()


@pytest.mark.parametrize(
    ("state", "expected"),
    [("starting", True), ("waiting", True), ("ready", False), ("failed", False), ("off", False)],
)
def test_who_is_on_its_way_is_waited_for(state: str, *, expected: bool) -> None:
    assert Page("web", 1, "http://h/", state).is_on_its_way == expected
