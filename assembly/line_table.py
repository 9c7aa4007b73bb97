"""
Tables of line numbers, in fewer bytes: one entry where the compiler makes one for each instruction.

The format is that of Python 3.11 and later (Objects/locations.md of its source), without columns. A
table of another one stays as it is, and so does each that would not say the same afterwards.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import groupby
from types import CodeType

_NO_COLUMNS, _NO_LINE = 13, 15  # kinds of entries
_MOST = 8  # units of code in an entry
_FIRST = 0x80  # the bit of an entry's first byte
_MORE = 0x40  # the bit of a number that goes on, six bits a byte

Line = int | None  # from the first one of the function on


def shortened(code: CodeType) -> CodeType:
    """
    Return the same code, and all that is in it, with shorter tables.
    """
    if sys.version_info < (3, 11):
        return code
    inner = (shortened(each) if isinstance(each, CodeType) else each for each in code.co_consts)
    short = code.replace(co_consts=tuple(inner))
    try:
        table = bytes(_written(_lines(code.co_linetable)))
    except (ValueError, IndexError):  # another format
        return short
    try_on = short.replace(co_linetable=table)
    return try_on if _told(try_on) == _told(code) else short


def _told(code: CodeType) -> list[Line]:
    return [line for begin, end, line in code.co_lines() for _ in range(begin, end, 2)]


def _lines(table: bytes) -> Iterator[Line]:
    """
    Return the line of each unit of code. Raises ValueError for a table with columns.
    """
    place = line = 0
    while place < len(table):
        kind, units = table[place] >> 3 & 15, (table[place] & 7) + 1
        place += 1
        if kind == _NO_COLUMNS:
            delta, place = _number(table, place)
            line += -(delta >> 1) if delta & 1 else delta >> 1
        elif kind != _NO_LINE:
            raise ValueError("columns")
        for _ in range(units):
            yield None if kind == _NO_LINE else line


def _number(table: bytes, place: int) -> tuple[int, int]:
    """
    Return a number, and the place after it.
    """
    number = shift = 0
    while True:
        byte = table[place]
        number |= (byte & _MORE - 1) << shift
        place, shift = place + 1, shift + 6
        if not byte & _MORE:
            return number, place


def _written(lines: Iterator[Line]) -> Iterator[int]:
    """
    Return the bytes of a table.
    """
    before = 0
    for line, run in groupby(lines):
        units = sum(1 for _ in run)
        while units:
            some = min(units, _MOST)
            units -= some
            kind = _NO_LINE if line is None else _NO_COLUMNS
            yield _FIRST | kind << 3 | some - 1
            if line is not None:
                delta, before = line - before, line
                yield from _bytes(-delta << 1 | 1 if delta < 0 else delta << 1)


def _bytes(number: int) -> Iterator[int]:
    while number >= _MORE:
        yield _MORE | number & _MORE - 1
        number >>= 6
    yield number
