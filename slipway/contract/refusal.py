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
    What was understood although it was not written as it should be.
    """

    variable: str
    text: str

    def __str__(self) -> str:
        return f"{self.variable}: {self.text}"
