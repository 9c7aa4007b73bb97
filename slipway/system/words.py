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

_ESCAPES = r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]"
_FRAME = r"^[@#=*~^|+\s-]+|[@#=*~^|+\s-]+$"  # signs around a line, or all of it
_FAULT = r"(?s)<name>faultString</name>\s*<value><string>(.*?)</string>"
_TRACEBACK = "Traceback (most recent call last):"
_STAMP = r"^\d{4}[/-]\d\d[/-]\d\d[T ]\d\d:\d\d:\d\d\S* "  # rclone's

# Progress and advice of apt, dpkg, mount and rclone
_IDLE = (
    r"(Reading (package lists|state information)|Building dependency tree|(Get|Hit|Ign|Err):\d|"
    r"Fetched |Selecting previously|\(Reading database|Preparing to unpack|Unpacking |Setting up |"
    r"Processing triggers|After this operation|\d+ (upgraded|not fully installed)|"
    r"Errors were encountered while|dmesg\(1\) may have|NOTICE: Config file \"[^\"]*\" not found|"
    r"-- ?\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ?--)"
)
_WORST = r"(?i)(E: |fatal: |error: |CRITICAL: |ERROR |\w+: (fatal|error)\b)"
_BAD = (
    r"(?i)\b(error|errors|fatal|fail|fails|failed|failure|cannot|can't|couldn't|could not|unable|"
    r"denied|refused|bad|badly|invalid|illegal|too open|too many|not (found|permitted|supported|a)|"
    r"no (such|space|\w+ available)|unknown|unsupported|unprotected|unrecognized|busy|"
    r"(does not|already) exists?|missing|broken|expecting|unexpected|timed out|timeout|killed)\b"
)
_MILD = r"(?i)(W: |warning\b|notice\b)"


def said(output: str | Sequence[str], *, program: str = "", code: int | None = None) -> str:
    """
    Return, as one line, what an output says of why a program has failed.

    + program: its name, and
    + code: its exit code, or less than 0 for a signal: all there is to say where it said nothing
    """
    text = output if isinstance(output, str) else "\n".join(output)
    if fault := re.search(_FAULT, text):
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
        shown = raw.rstrip("\r").rpartition("\r")[2]  # by a terminal
        line = re.sub(_ESCAPES, "", shown)
        is_traceback = line == _TRACEBACK or (is_traceback and line[:1] in ("", " "))
        line = re.sub(_STAMP, "", re.sub(_FRAME, "", line))
        if line and not is_traceback and not re.match(_IDLE, line):
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
    if re.match(_WORST, line):
        return 3
    return (1 if re.match(_MILD, line) else 2) if re.search(_BAD, line) else 0
