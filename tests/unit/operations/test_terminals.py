"""
Terminals share a description where they have none.
"""

from __future__ import annotations

import pytest
from pyinfra.api import StringCommand

from slipway.facts.terminals import DescribedTerminals
from slipway.operations import room, terminals
from tests.unit.conftest import Run

XTERM = "/lib/terminfo/x/xterm-256color"


@pytest.mark.parametrize(
    ("found", "linked"),
    [
        ({"xterm-256color": XTERM}, ["foot", "xterm-kitty"]),
        ({"xterm-256color": XTERM, "foot": "/usr/share/terminfo/f/foot"}, ["xterm-kitty"]),
        ({"xterm-256color": XTERM, "foot": "x", "xterm-kitty": "x"}, []),
        ({}, []),
    ],
    ids=["none", "one of a package", "all", "no description to share"],
)
def test_only_what_has_none_shares_one(run: Run, found: dict[str, str], linked: list[str]) -> None:
    """
    A package's own description wins.
    """
    alike = dict.fromkeys(["foot", "xterm-kitty"], "xterm-256color")
    commands = run(terminals.described, alike=alike, facts={DescribedTerminals: found})

    assert commands == [
        f"{StringCommand(*room.made(f'/usr/share/terminfo/{name[0]}')).get_raw_value()} "
        f"&& ln -sfn -- {XTERM} /usr/share/terminfo/{name[0]}/{name}"
        for name in linked
    ]
