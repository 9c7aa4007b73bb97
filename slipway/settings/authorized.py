"""
The keys that may log in, gathered from all the places where a key can be given.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from slipway.contract.refusal import Note, Refusal
from slipway.settings import public_keys, wrapping
from slipway.settings.public_keys import PublicKey
from slipway.system.counting import counted

_MAX_REFUSALS = 20  # of one source: a file of another kind has a million lines that are no keys


class Keys(NamedTuple):
    """
    What one source gives: keys, and the lines that are none.
    """

    found: tuple[PublicKey, ...] = ()
    refused: tuple[public_keys.Refused, ...] = ()
    wrapping: tuple[str, ...] = ()  # what was around the keys, and is left out

    def __str__(self) -> str:
        return counted(len(self.found), "key")


class Merged(NamedTuple):
    """
    What all sources give together.
    """

    lines: tuple[str, ...]  # each key once
    refusals: list[Refusal]
    sources: list[str]  # those that have keys
    notes: list[Note]
    origins: tuple[str, ...] = ()  # of each line: the first source that has it


def keys(given: str, *, underscores: bool = True) -> Keys:
    """
    Return a variable's keys; what is none is told by line, so this rule refuses nothing itself.

    A text that is wrapped in quotes, say, is read without them where that makes more of it a key.

    + underscores: whether ___ may stand for a space
    """
    strict = _read(given, underscores=underscores)
    if not strict.refused:
        return strict
    inner, around = wrapping.unwrapped(given)
    whole = _read(inner, underscores=underscores) if around else strict
    best = whole._replace(wrapping=tuple(around)) if _is_better(whole, strict) else strict
    return _without_wrapping(best, inner if best is not strict else given, underscores=underscores)


def _read(text: str, *, underscores: bool) -> Keys:
    found, refused = public_keys.parse(text, underscores=underscores)
    return Keys(tuple(found), tuple(refused))


def _is_better(one: Keys, other: Keys) -> bool:
    return len(one.found) > len(other.found) and len(one.refused) <= len(other.refused)


def _without_wrapping(read: Keys, text: str, *, underscores: bool) -> Keys:
    """
    Try each refused line without what is wrapped around it; a private key stays refused.
    """
    lines = public_keys.lines(text)
    told = list(read.wrapping)
    changed = False
    for entry in read.refused[:_MAX_REFUSALS]:
        if entry.rule == public_keys.PRIVATE or entry.line > len(lines):
            continue
        line = lines[entry.line - 1]
        inner, around = wrapping.unwrapped_line(line.replace("___", " ") if underscores else line)
        if around and not isinstance(public_keys.read(inner), str):
            lines[entry.line - 1] = inner
            told += around
            changed = True
    if not changed:
        return read
    again = _read("\n".join(lines), underscores=underscores)
    return again._replace(wrapping=tuple(dict.fromkeys(told)))


def merge(sources: Iterable[tuple[str, Keys]]) -> Merged:
    """
    Return every key once, the first line of it, in the order of the sources.
    """
    lines: dict[str, str] = {}
    origins: dict[str, str] = {}
    merged = Merged((), [], [], [])
    for source, (found, refused, around) in sources:
        merged.refusals.extend(_told(source, refused))
        if around:
            merged.notes.append(Note(source, f"{' and '.join(around)} around a key: left out"))
        again = 0
        for key in found:
            first = lines.setdefault(key.blob, key.line)
            origins.setdefault(key.blob, source)
            again += first is not key.line and _options_differ(first, key)
        if again:
            rule = "gives a key again with other options"
            merged.refusals.append(Refusal(source, rule, "the first one is used"))
        if found:
            merged.sources.append(source)
    return merged._replace(lines=tuple(lines.values()), origins=tuple(origins.values()))


def _told(source: str, refused: tuple[public_keys.Refused, ...]) -> list[Refusal]:
    told = [
        Refusal(f"{source} line {entry.line}", entry.rule, "this line is left out")
        for entry in refused[:_MAX_REFUSALS]
    ]
    if more := len(refused[_MAX_REFUSALS:]):
        rule = f"has {counted(more, 'more line that is no key', 'more lines that are no keys')}"
        told.append(Refusal(source, rule, "it is left out" if more == 1 else "they are left out"))
    return told


def _options_differ(line: str, key: PublicKey) -> bool:
    return line.partition(key.blob)[0].strip() != key.line.partition(key.blob)[0].strip()
