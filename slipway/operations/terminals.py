"""
Terminals: a description for each that people use, so that no program refuses it.
"""

from __future__ import annotations

import posixpath
from collections.abc import Generator, Mapping

from pyinfra import host
from pyinfra.api import QuoteString, StringCommand

from slipway.facts.terminals import DescribedTerminals, candidates
from slipway.operations import foresight, room
from slipway.operations.independent import operation
from slipway.system.counting import counted


@operation()
def described(*, alike: Mapping[str, str]) -> Generator[StringCommand]:
    """
    Have terminals without a description share that of another; one of their own wins.

    The link is where a package would put the real one, and gives way to it.

    + alike: a terminal's name to the name of one whose description does for it
    """
    found = host.get_fact(DescribedTerminals, names=sorted({*alike, *alike.values()}))
    missing = {
        name: found[other] for name, other in alike.items() if other in found and name not in found
    }
    if not missing:
        host.noop(f"{counted(len(alike), 'terminal has', 'terminals have')} a description")
        return
    for name, path in missing.items():
        link = candidates(name)[-1]
        foresight.change(link, f"missing: should lead to {path}")
        # fmt: off
        yield StringCommand(
            *room.made(posixpath.dirname(link)),
            "&&", "ln", "-sfn", "--", QuoteString(path), QuoteString(link),
        )
        # fmt: on
