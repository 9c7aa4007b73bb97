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
_MOST_TELLING = 3
_SIGNALLED = 128  # and the signal's number: the exit code that a shell gives such an end

_ESCAPES = r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]"
_FRAME = r"^[@#=*~^|+\s-]+|[@#=*~^|+\s-]+$"  # signs around a line, or all of it
_FAULT = r"(?s)<name>faultString</name>\s*<value><string>(.*?)</string>"
_TRACEBACK = "Traceback (most recent call last):"
_MARGIN = r"^\s*[|+] ?"  # of a traceback in a group of exceptions
_STAMP = r"^\d{4}[/-]\d\d[/-]\d\d[T ]\d\d:\d\d:\d\d\S* (UTC )?"  # rclone's, loggers'
_EXCEPTION = r"[\w.]+(Error|Exception|Exit|Interrupt|Expired|Group)(:|$)"

# Progress and advice of apt, dpkg, mount and rclone
_IDLE = (
    r"(Reading (package lists|state information)|Building dependency tree|(Get|Hit|Ign|Err):\d|"
    r"Fetched |Selecting previously|\(Reading database|Preparing to unpack|Unpacking |Setting up |"
    r"Processing triggers|After this operation|\d+ (upgraded|not fully installed)|"
    r"Errors were encountered while|dmesg\(1\) may have|NOTICE: Config file \"[^\"]*\" not found|"
    r"-- ?\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ?--|at \S+\(.*\)$|\.\.\. \d+ more$|"
    r"During handling of the above exception|The above exception was the direct cause)"
)
_WORST = (
    r"(?i)(E: |fatal: |error: |CRITICAL: |ERROR |\S+: (fatal|error)\b|curl: \(\d+\)|panic: |"
    r"caused by: )"
)
_BAD = (
    r"(?i)\b(error|errors|fatal|fail|fails|failed|failure|cannot|can't|couldn't|could not|unable|"
    r"denied|refused|bad|badly|invalid|illegal|too open|too many|not (found|permitted|supported|a)|"
    r"no (such|space|argument|\w+ available)|problem|rejected|unavailable|panicked|exception|fault|"
    r"aborted|end of file|unknown|unsupported|unprotected|unrecognized|busy|"
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
    found = _weighed(text)
    ranked = sorted((line for line in found if found[line]), key=found.__getitem__, reverse=True)
    telling = ranked[:MOST]
    if telling:
        return "; ".join(line.rstrip(".;:") for line in found if line in telling)
    return " ".join(found) or ended(program, code)


def lines(text: str) -> list[str]:
    """
    Return the lines that say something, each once, without frames, time stamps and progress.

    Of a traceback only its last line is for a person.
    """
    return list(_weighed(text))


def _weighed(text: str) -> dict[str, int]:
    """
    Return these lines with how much each tells of a failure.

    An exception that came while another was handled is what the program ended with. What follows a
    colon tells as much as what stands before it.
    """
    found: dict[str, int] = {}
    is_traceback, announced, exceptions = False, 0, 0
    for raw in text.split("\n"):
        shown = re.sub(_ESCAPES, "", raw.rstrip("\r").rpartition("\r")[2])  # by a terminal
        inner = re.sub(_MARGIN, "", shown)
        was_traceback = is_traceback
        is_traceback = inner.endswith(_TRACEBACK) or (is_traceback and inner[:1] in ("", " "))
        line = re.sub(_STAMP, "", re.sub(_FRAME, "", shown))
        if not line or is_traceback or re.match(_IDLE, line):
            continue
        if was_traceback or re.match(_EXCEPTION, line):
            exceptions += 1
            weight = _MOST_TELLING + exceptions
        else:
            weight = max(_weight(line), announced)
        found[line] = max(found.get(line, 0), weight)
        announced = weight if line.endswith(":") and weight > 1 else 0
    return found


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
        return _MOST_TELLING
    return (1 if re.match(_MILD, line) else 2) if re.search(_BAD, line) else 0
