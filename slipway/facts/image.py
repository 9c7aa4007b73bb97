"""
What an image has of its own: traces of how it was built, and a bill of materials.
"""

from __future__ import annotations

from pyinfra.api import FactBase, QuoteString, StringCommand

from slipway.contract import paths


class BuildTraces(FactBase[list[str]]):
    """
    Returns the files that installing has left, and that nothing needs.
    """

    default = list

    def command(self) -> StringCommand:
        """Have slipway.system.traces look."""
        return StringCommand(*map(QuoteString, [*paths.PYTHON, "slipway.system.traces", "list"]))

    def process(self, output: list[str]) -> list[str]:
        """Take each line for a path."""
        return output


class BillIsCurrent(FactBase[bool]):
    """
    Returns whether the bill of materials names the software that is there.
    """

    default = bool

    def command(self) -> StringCommand:
        """Ask the command that writes it."""
        words = map(QuoteString, [*paths.PYTHON, "slipway", "sbom", "--check"])
        return StringCommand(*words, "&& echo yes || true")

    def process(self, output: list[str]) -> bool:
        """It is where that has succeeded."""
        return output == ["yes"]
