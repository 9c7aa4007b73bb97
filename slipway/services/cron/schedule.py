"""
When a job is due: the five fields of crontab(5), and the words that stand for them.
"""

from __future__ import annotations

import time
from typing import NamedTuple

_WORDS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
AT_START = "@reboot"
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_DAYS = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"]
# Bounds of minute, hour, day, month and weekday; both 0 and 7 are Sunday
_BOUNDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
FIELDS = len(_BOUNDS)


class Schedule(NamedTuple):
    """
    The times at which a job is due.
    """

    minutes: frozenset[int]
    hours: frozenset[int]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    is_either_day: bool  # days and weekdays are both restricted: one of them is enough

    def is_due(self, moment: time.struct_time) -> bool:
        """Tell whether a minute of the local time is one of them."""
        on_day = moment.tm_mday in self.days
        on_weekday = (moment.tm_wday + 1) % 7 in self.weekdays
        is_day = (on_day or on_weekday) if self.is_either_day else (on_day and on_weekday)
        return (
            moment.tm_min in self.minutes
            and moment.tm_hour in self.hours
            and moment.tm_mon in self.months
            and is_day
        )


def parse(fields: list[str]) -> Schedule:
    """
    Read the five fields, or the word that stands for them. Raises ValueError.
    """
    if fields[0] in _WORDS:
        fields = _WORDS[fields[0]].split()
    try:
        return _read(fields)
    except ValueError:
        raise ValueError(f"no schedule: {' '.join(fields)}") from None


def _read(fields: list[str]) -> Schedule:
    if len(fields) != FIELDS:
        raise ValueError
    minutes, hours, days, months, weekdays = (
        _numbers(field, *bounds, names)
        for field, bounds, names in zip(
            fields, _BOUNDS, ([], [], [], ["", *_MONTHS], _DAYS), strict=True
        )
    )
    is_either = not fields[2].startswith("*") and not fields[4].startswith("*")
    on = frozenset(day % 7 for day in weekdays)
    return Schedule(minutes, hours, days, months, on, is_either)


def _numbers(field: str, least: int, most: int, names: list[str]) -> frozenset[int]:
    """
    Return the numbers that a field names: `*`, `3`, `1-5`, `*/2`, `1-9/3`, and lists of these.
    """
    found: set[int] = set()
    for part in field.split(","):
        span, has_step, step = part.partition("/")
        first, has_last, last = span.partition("-")
        if span == "*":
            begin, end = least, most
        else:
            begin = _number(first, names)
            end = _number(last, names) if has_last else begin
            if has_step and not has_last:
                raise ValueError
        width = _number(step, []) if has_step else 1
        if not (least <= begin <= end <= most and width):
            raise ValueError
        found.update(range(begin, end + 1, width))
    return frozenset(found)


def _number(text: str, names: list[str]) -> int:
    if text.isdigit() and text.isascii():
        return int(text)
    if not text:
        raise ValueError
    return names.index(text.lower())
