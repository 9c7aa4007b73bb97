"""
The keys that may log in, gathered from all the places where a key can be given.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from slipway.settings import public_keys
from slipway.settings.public_keys import PublicKey
from slipway.settings.variable import Refusal

_MAX_REFUSALS = 20  # of one source: a file of another kind has a million lines that are no keys


class Keys(NamedTuple):
    """
    What one source gives: keys, and the lines that are none.
    """

    found: tuple[PublicKey, ...] = ()
    refused: tuple[public_keys.Refused, ...] = ()

    def __str__(self) -> str:
        return f"{len(self.found)} keys"


class Merged(NamedTuple):
    """
    What all sources give together.
    """

    lines: tuple[str, ...]  # each key once
    refusals: list[Refusal]
    sources: list[str]  # those that have keys


def keys(given: str, *, underscores: bool = True) -> Keys:
    """
    Return a variable's keys; what is none is told by line, so this rule refuses nothing itself.

    + underscores: whether ___ may stand for a space
    """
    found, refused = public_keys.parse(given, underscores=underscores)
    return Keys(tuple(found), tuple(refused))


def merge(sources: Iterable[tuple[str, Keys]]) -> Merged:
    """
    Return every key once, the first line of it, in the order of the sources.
    """
    lines: dict[str, str] = {}
    merged = Merged((), [], [])
    for source, (found, refused) in sources:
        merged.refusals.extend(_told(source, refused))
        again = 0
        for key in found:
            first = lines.setdefault(key.blob, key.line)
            again += first is not key.line and _options_differ(first, key)
        if again:
            rule = "gives a key again with other options"
            merged.refusals.append(Refusal(source, rule, "the first one is used"))
        if found:
            merged.sources.append(source)
    return merged._replace(lines=tuple(lines.values()))


def _told(source: str, refused: tuple[public_keys.Refused, ...]) -> list[Refusal]:
    told = [
        Refusal(f"{source} line {entry.line}", entry.rule, "this line is left out")
        for entry in refused[:_MAX_REFUSALS]
    ]
    if more := len(refused[_MAX_REFUSALS:]):
        rule = f"has {more} more lines that are no keys"
        told.append(Refusal(source, rule, "they are left out"))
    return told


def _options_differ(line: str, key: PublicKey) -> bool:
    return line.partition(key.blob)[0].strip() != key.line.partition(key.blob)[0].strip()
