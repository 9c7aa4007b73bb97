"""
Secrets that a container has made for itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from pyinfra.api import FactBase, QuoteString, StringCommand

from slipway.connectors.native import Inside, Result
from slipway.contract.paths import SECRETS
from slipway.system import files


class Kept(NamedTuple):
    """
    A secret, and a digest of the container that it was made in; "" for what is not there.
    """

    secret: str
    container: str


class KeptSecret(FactBase[Kept]):
    """
    Returns a secret that was made here, and the container that made it.
    """

    def default(self) -> Kept:  # type: ignore[override]  # pyinfra has a class here
        """Say what is so where there is none."""
        return Kept("", "")

    def command(self, owner: str) -> StringCommand:
        """Print a line of each file."""
        paths = (f"{SECRETS}/{owner}", f"{SECRETS}/{owner}.container")
        # fmt: off
        command = StringCommand(
            "for file in", *map(QuoteString, paths),
            '; do head -n 1 -- "$file" 2>/dev/null || echo; done',
        )
        # fmt: on
        return Inside(command, lambda: Result(b"".join(map(_line, paths))))

    def process(self, output: list[str]) -> Kept:
        """Read both."""
        return Kept(*[*output, "", ""][:2])


def _line(path: str) -> bytes:
    first, _, _ = (files.readable(Path(path)) or b"").partition(b"\n")
    return first + b"\n"
