"""
Whether a line of a log begins with the time at which it was written.

Programs write that in many ways, behind colours, a level, a priority, an address, or as a field of
JSON or of `key=value`. A time of day belongs to a date, or stands as loggers write one: a duration,
a date without a time, a number of bytes and an address are none.
"""

from __future__ import annotations

import functools
import re

_SIGNS = (b"--T:", b"-- :", b"// :")  # between a date's numbers: the fifth byte, the eighth, ...
_LONGEST = 1 << 16  # bytes of a JSON line that is read
_MAYBE = rb"\d:\d\d|\d{6}|\d\.\d{3}\]"  # in every line that has a time; most have none
_COLOUR = rb"\x1b\[[0-9;]*m"

_YEAR, _MONTH, _DAY = r"(?:19|20)\d\d", r"(?:0?[1-9]|1[0-2])", r"(?:0?[1-9]|[12]\d|3[01])"
_MM, _DD = r"(?:0[1-9]|1[0-2])", r"(?:0[1-9]|[12]\d|3[01])"
_NAME = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?"
_WEEKDAY = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? +"
_MINUTES = r"(?:[01]?\d|2[0-3]):[0-5]\d"
_CLOCK = rf"{_MINUTES}:[0-6]\d(?:[.,]\d{{1,9}})?(?![:\d])"
_LEVEL = (
    r"(?:(?i:TRACE|DEBUG|INFO|INFORMATION|NOTICE|WARN|WARNING|ERR|ERROR|CRIT|CRITICAL|FATAL|ALERT|"
    r"EMERG|PANIC|SEVERE|LOG|TRC|DBG|INF|WRN|FTL)|[DIWEFNTC])\b"
)
_ISO = (
    rf"{_YEAR}[-/.]{_MONTH}[-/.]{_DAY}(?: - |[T ,:]+){_MINUTES}(?![:\d]*[^:\d\s.,Z+\]\)|\"'-])"
    rf"(?::[0-6]\d)?(?!:\d)"
)
_DATES = (
    _ISO,
    rf"{_YEAR}{_MM}{_DD}[T _-]?(?:[01]\d|2[0-3])[0-5]\d[0-6]\d(?!\d)",
    rf"[DIWEFV]?(?:{_YEAR})?{_MM}{_DD} {_CLOCK}",  # klog, glog
    rf"\d\d{_MM}{_DD} +{_CLOCK}",  # MySQL's, once
    rf"{_DAY}[/.-]{_MONTH}[/.-](?:{_YEAR}|\d\d)[ ,T:]+{_CLOCK}",
    rf"{_MONTH}[/.-]{_DAY}[/.-](?:{_YEAR}|\d\d)[ ,T:]+{_CLOCK}",
    rf"\d\d[/.-]{_MONTH}[/.-]{_DAY}[ ,T:]+{_CLOCK}",
    rf"{_MM}[-/]{_DD} {_CLOCK}",
    rf"(?:{_WEEKDAY})?{_DAY}[ /-]{_NAME}[ /-](?:{_YEAR}|\d\d)?[ ,:]*{_CLOCK}",
    rf"(?:{_WEEKDAY})?{_NAME} +{_DAY},?(?: {_YEAR},?)? {_CLOCK}",
)
_DATE = "|".join(f"(?:{each})" for each in _DATES)
_EPOCH = r"[1-3]\d{9}(?:\d{3}|\d{6}|\d{9})?"
_NUMBER = rf"{_EPOCH}(?:\.\d+)?(?![.\w])"
_FIELD = rf"(?:{_DATE}|{_NUMBER})"
_BEFORE = (
    rf"(?:\[[^\]\d][^\]]{{0,40}}\] *(?:\d+ +- +)?|\([^)]{{1,60}}\) *|<\d{{1,3}}>(?:1 )?|\d+:[A-Z] |"
    rf"{_LEVEL}[:,|]? *(?:\| *|- +|\[)?|={{1,5}}\w+ REPORT={{1,5}} |['\"]){{0,4}}"
)
_LOGGED = rf"(?: *(?:{_LEVEL}|\[|\||- |<)|, *{_LEVEL})"  # what loggers put behind a bare time
_CLF = rf"\S+ \S+ \S+ \[{_DAY}/{_NAME}/{_YEAR}:{_CLOCK}[^\]]{{0,8}}\] \""
_PAIR = r"[\w.@-]+=(?:\"(?:[^\"\\]|\\.)*\"|[^\s\"]*)"
_KEY = r"(?:time|ts|timestamp|@timestamp|t|at|date|datetime|dt)"
_LOGFMT = rf"(?:{_PAIR} +){{0,20}}?{_KEY}=\"?{_FIELD}"
_BRACKETED = rf"[\[(](?:{_LEVEL} *)?(?:{_DATE}|{_CLOCK}|{_NUMBER}| *\d+\.\d{{6}}| +\d+\.\d{{3}})"
_BARE = (
    rf"(?:{_MINUTES}:[0-6]\d[.,]\d{{3,6}}:? +(?=[A-Z\[(<|-])|{_MINUTES} ?[AP]M +{_LEVEL}|"
    rf"{_CLOCK}{_LOGGED}|{_EPOCH}{_LOGGED}|"
    rf"{_EPOCH}\.\d{{3,9}} +(?![a-z%]))"
)

_KEYS = (
    "time", "ts", "timestamp", "@timestamp", "t", "date", "datetime", "asctime", "eventTime",
    "@t", "log_time", "logged_at", "time_iso8601", "time_local", "created_at", "dt",
)  # fmt: skip


def is_dated(line: bytes) -> bool:
    """
    Tell whether a line has a time of its own.
    """
    if line[4:14:3] in _SIGNS and line[:4].isdigit():  # most
        return line[5:7] <= b"12" and line[8:10] <= b"31" and line[11:13] <= b"23"
    if not re.search(_MAYBE, line):
        return False
    text = re.sub(_COLOUR, b"", line).lstrip()
    if text.startswith(b"{"):
        return _has_field(text)
    return bool(_pattern().match(text))


@functools.cache
def _pattern() -> re.Pattern[bytes]:
    """
    Return what a dated line begins with: made for the first line that needs it.
    """
    date = rf"(?:{_BEFORE})(?:{_DATE})"
    forms = (date, _BRACKETED, rf"(?:{_BEFORE})(?:{_BARE})", _CLF, _LOGFMT)
    return re.compile("|".join(f"(?:{form})" for form in forms).encode(), re.ASCII)


@functools.cache
def _value() -> re.Pattern[str]:
    return re.compile(rf"{_FIELD}", re.ASCII)


def _has_field(text: bytes) -> bool:
    """
    Tell whether a JSON object has a field that is its time: not one within another.
    """
    import json  # noqa: PLC0415 - few programs write it

    try:
        fields = json.loads(text[:_LONGEST])
    except (ValueError, RecursionError):
        return False
    found = (fields[key] for key in _KEYS if key in fields)
    return any(_is_time(value) for value in found)


def _is_time(value: object) -> bool:
    if isinstance(value, dict):  # MongoDB's
        value = value.get("$date")
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return False
    return _value().match(str(value)) is not None
