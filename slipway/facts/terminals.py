"""
Terminals: descriptions of them, terminfo(5).
"""

from __future__ import annotations

import os

from pyinfra.api import FactBase, QuoteString, StringCommand

from slipway.connectors.native import Inside, Result

PLACES = ("/etc/terminfo", "/lib/terminfo", "/usr/share/terminfo")


class DescribedTerminals(FactBase[dict[str, str]]):
    """
    Returns where the descriptions of terminals are; those without one are left out.
    """

    default = dict

    def command(self, names: list[str]) -> StringCommand:
        """Look in Debian's places; a link that leads nowhere is none."""
        paths = [QuoteString(path) for name in names for path in candidates(name)]
        loop = '; do [ ! -e "$path" ] || printf "%s\\n" "$path"; done'
        return Inside(StringCommand("for path in", *paths, loop), lambda: _found(names))

    def process(self, output: list[str]) -> dict[str, str]:
        """Take the first of each name, as ncurses does."""
        return {path.rpartition("/")[2]: path for path in reversed(output)}


def candidates(name: str) -> list[str]:
    """
    Return where a terminal's description may be.
    """
    return [f"{place}/{name[0]}/{name}" for place in PLACES]


def _found(names: list[str]) -> Result:
    """
    Do what the command does.
    """
    paths = (path for name in names for path in candidates(name) if os.path.exists(path))  # noqa: PTH110
    return Result("".join(f"{path}\n" for path in paths).encode())
