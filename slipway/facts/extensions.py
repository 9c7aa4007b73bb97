"""
The extensions of a container that is seen from outside: what its own slipway has to be asked for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pyinfra.api import FactBase, QuoteString, StringCommand

from slipway.connectors.native import is_there, unless_nothing
from slipway.contract import paths


class Seen(NamedTuple):
    """
    What can be seen of them.
    """

    are_there: bool
    files: frozenset[str]  # of those asked for, what one of them lays


class ExtensionsSeen(FactBase[Seen]):
    """
    Returns whether a container has extensions, and which of some files they lay.
    """

    def default(self) -> Seen:  # type: ignore[override]  # pyinfra has a class here; any callable does
        """Say what is so where nothing is found."""
        return Seen(are_there=False, files=frozenset())

    def command(self, files: Sequence[str]) -> StringCommand:
        """Look for their directories, and for each file in all of them."""
        # fmt: off
        command = StringCommand(
            "cd", str(paths.EXTENSIONS), "2>/dev/null", "&&", "for each in */; do",
            '[ -d "$each" ] || continue; echo extension;',
            "for file in", *map(QuoteString, files),
            '; do if [ -e "${each}files$file" ]; then echo "lays $file"; fi; done; done;',
            "true",
        )
        # fmt: on
        return unless_nothing(command, lambda: is_there(str(paths.EXTENSIONS)))

    def process(self, output: list[str]) -> Seen:
        """Read a word a line."""
        laid = frozenset(line.removeprefix("lays ") for line in output if line.startswith("lays "))
        return Seen(are_there="extension" in output, files=laid)
