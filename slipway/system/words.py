"""
What a person is shown of a tool's output: the lines that say why, and never nothing.

Tools put their reason first, last or in a frame of signs, between progress and advice.
tests/unit/system/test_words.py has outputs of real ones.
"""

from __future__ import annotations

import html
import re
import signal
from collections.abc import Sequence

MOST = 3  # lines that say why
_SIGNALLED = 128  # and the signal's number: the exit code that a shell gives such an end

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]")
_FRAME = re.compile(r"^[@#=*~^|+\s-]+|[@#=*~^|+\s-]+$")  # signs around a line, or all of it
_FAULT = re.compile(r"<name>faultString</name>\s*<value><string>(.*?)</string>", re.DOTALL)
_TRACEBACK = "Traceback (most recent call last):"
_STAMP = re.compile(r"^\d{4}[/-]\d\d[/-]\d\d[T ]\d\d:\d\d:\d\d\S* ")  # rclone's

# Progress and advice of apt, dpkg, mount and rclone
_IDLE = re.compile(
    r"(Reading (package lists|state information)|Building dependency tree|(Get|Hit|Ign|Err):\d|"
    r"Fetched |Selecting previously|\(Reading database|Preparing to unpack|Unpacking |Setting up |"
    r"Processing triggers|After this operation|\d+ (upgraded|not fully installed)|"
    r"Errors were encountered while|dmesg\(1\) may have|NOTICE: Config file \"[^\"]*\" not found|"
    r"-- ?\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ?--)"
)
_WORST = re.compile(r"(E: |fatal: |error: |CRITICAL: |ERROR |\w+: (fatal|error)\b)", re.IGNORECASE)
_BAD = re.compile(
    r"\b(error|errors|fatal|fail|fails|failed|failure|cannot|can't|couldn't|could not|unable|"
    r"denied|refused|bad|badly|invalid|illegal|too open|too many|not (found|permitted|supported|a)|"
    r"no (such|space|\w+ available)|unknown|unsupported|unprotected|unrecognized|busy|"
    r"(does not|already) exists?|missing|broken|expecting|unexpected|timed out|timeout|killed)\b",
    re.IGNORECASE,
)
_MILD = re.compile(r"(W: |warning\b|notice\b)", re.IGNORECASE)


def said(output: str | Sequence[str], *, program: str = "", code: int | None = None) -> str:
    """
    Return, as one line, what an output says of why a program has failed.

    + program: its name, and
    + code: its exit code, or less than 0 for a signal: all there is to say where it said nothing
    """
    text = output if isinstance(output, str) else "\n".join(output)
    if fault := _FAULT.search(text):
        return html.unescape(fault[1]).strip() or ended(program, code)
    kept = lines(text)
    ranked = sorted((line for line in kept if _weight(line)), key=_weight, reverse=True)
    telling = ranked[:MOST]
    if telling:
        return "; ".join(line.rstrip(".;:") for line in kept if line in telling)
    return " ".join(kept) or ended(program, code)


def lines(text: str) -> list[str]:
    """
    Return the lines that say something, each once, without frames, time stamps and progress.

    Of a traceback only its last line is for a person.
    """
    found: dict[str, None] = {}
    is_traceback = False
    for raw in text.split("\n"):
        line = _ESCAPES.sub("", raw.rstrip("\r").rpartition("\r")[2])  # what a terminal would show
        is_traceback = line == _TRACEBACK or (is_traceback and line[:1] in ("", " "))
        line = _STAMP.sub("", _FRAME.sub("", line))
        if line and not is_traceback and not _IDLE.match(line):
            found[line] = None
    return list(found)


def ended(program: str, code: int | None) -> str:
    """
    Say how a program has ended that has said nothing.
    """
    name = program or "the program"
    if code is None:
        return f"{name} failed, and said nothing"
    number = -code if code < 0 else code - _SIGNALLED
    if number in {each.value for each in signal.Signals}:
        return f"{name} was ended by {signal.Signals(number).name}"
    return f"{name} ended with exit code {code}, and said nothing"


def _weight(line: str) -> int:
    """
    Return how much a line tells of a failure, 0 for nothing.
    """
    if _WORST.match(line):
        return 3
    return (1 if _MILD.match(line) else 2) if _BAD.search(line) else 0
