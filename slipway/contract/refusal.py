"""
A refused value, as messages and `report.json` name it.
"""

from typing import NamedTuple


class Refusal(NamedTuple):
    """
    A value that can't be used: the rule it breaks, and what happens instead. Never the value.
    """

    variable: str
    rule: str
    effect: str

    def __str__(self) -> str:
        return f"{self.variable}: {self.rule} ({self.effect})"


class Note(NamedTuple):
    """
    What is worth saying, and nobody's fault: it was understood, or mended.
    """

    variable: str  # or a path
    text: str

    def __str__(self) -> str:
        return f"{self.variable}: {self.text}"
