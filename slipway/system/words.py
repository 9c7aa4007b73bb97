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
_MILDEST, _TELLING, _MOST_TELLING = 1, 2, 3
_SIGNALLED = 128  # and the signal's number: the exit code that a shell gives such an end

_ESCAPES = r"\x1b\[[0-9;?]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]"
_FRAME = r"^[@#=*~^|+\s-]+|[@#=*~^|+\s-]+$"  # signs around a line, or all of it
_FAULT = r"(?s)<name>faultString</name>\s*<value><string>(.*?)</string>"
_TRACEBACK = "Traceback (most recent call last):"
_MARGIN = r"^\s*[|+] ?"  # of a traceback in a group of exceptions
_STAMP = r"^\d{4}[/-]\d\d[/-]\d\d[T ]\d\d:\d\d:\d\d\S* (UTC )?"  # rclone's, loggers'
_EXCEPTION = r"[\w.]+(Error|Exception|Exit|Interrupt|Expired|Group)(:|$)"

# Progress and advice of apt, dpkg, mount, git and rclone
_IDLE = (
    r"(Reading (package lists|state information)|Building dependency tree|(Get|Hit|Ign|Err):\d|"
    r"Fetched |Selecting previously|\(Reading database|Preparing to unpack|Unpacking |Setting up |"
    r"Processing triggers|After this operation|\d+ (upgraded|not fully installed)|"
    r"Errors were encountered while|dmesg\(1\) may have|NOTICE: Config file \"[^\"]*\" not found|"
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d--|at \S+\(.*\)$|\.\.\. \d+ more$|"
    r"During handling of the above exception|The above exception was the direct cause|"
    r"You (might|may) want|Did you mean|For (help|more)\b|[Tt]ry ['`]|Please |Usage:$|hint: |"
    r"(Use|See|Run) ['\"`]?\w+|HTTP request sent)"
)
_ROW = r"\s+[-\w]\S*( \S+){0,3}\s{2,}\S"  # of a table: an option or a command, and what it is for
_HEDGE = r"(^|(?<=[.]) +)This may mean .*"
_PLACE = r"(?i)\bline:? \d+\b|^\S+:\d+:"  # in a file that somebody has written
_DIAGNOSTIC = r"(\S+: |\S+:\d|CONFLICT )"  # a tool, or what it is about, and what is the matter
_WORST = (
    r"(?i)(E: |fatal: |error: |CRITICAL: |ERROR |\S+: (fatal|error)\b|curl: \(\d+\)|panic: |"
    r"caused by: )"
)
_BAD = (
    r"(?i)\b(errors?|fatal|fail|fails|failed|failure|cannot|can ?not|can't|could not|unable|"
    r"denied|refused|bad|badly|invalid|illegal|too (open|many|long|short|large|small)|"
    r"not (found|permitted|supported|an?|in|available|installable|valid|allowed|enough)|"
    r"\w+n't|(is|are|was|were|does|do|did|has|have|could|can|will) not|"
    r"no (such|space|arguments?|valid|\w+ (available|found))|problems?|rejected|unavailable|"
    r"panicked|exception|fault|aborted|end of file|eof|unknown|unsupported|unprotected|unmet|"
    r"unrecognized|busy|already (exists?|in use)|missing|broken|expecting|expected|unexpected|"
    r"timed out|timeout|killed|conflicts?|extra arguments|unterminated|corrupt(ed)?|truncated)\b"
)
_MILD = r"(?i)(\w+: )?(W: |warning\b|notice\b)|[\w./-]+:\d+: \w*Warning: "
# That something has failed which has told why itself: enough only where it has not
_ECHO = (
    r"(?i)(.*\bsubprocess returned error exit status|E: Sub-process |.*due to previous errors|"
    r".*\bsee previous errors|.*error is not recoverable|.*child returned status|"
    r"error: (subprocess-exited-with-error|metadata-generation-failed)|"
    r".*terminating, \d+ bad configuration|errors in crontab file|.*some index files failed|"
    r".*\bcompilation aborted|.*error initializing audit plugin|.*leaving unconfigured$)"
)
_LEVEL = r"(?i)^(E|W|error|fatal|critical|notice|fatal error|warning) ?: +"
_MESSAGE = 2  # lines of an exception behind its first
_WRAPPED = 40  # letters, from which on a line without an end may go on in the next


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
    if telling := _telling(found):
        return "; ".join(line.rstrip(".;:") for line in telling)
    prose = [line for line in found if not line.endswith(":")] or list(found)
    shown = prose if len(prose) <= MOST else [prose[0], *prose[-2:]]
    return " ".join(shown) or ended(program, code)


def _telling(found: dict[str, int]) -> list[str]:
    """
    Return the lines to show: those that tell most, of equal ones the first and the last.

    The first of some complaints has the cause, and the last is what the program ended with. Where
    there is nothing but warnings, the last line may be all that was said of the failure.
    """
    ranked = [line for line in found if found[line] > 0]
    cores = {line: re.sub(_LEVEL, "", line) for line in ranked}
    ranked = [
        line
        for line in ranked
        if not any(cores[line] in other for other in ranked if other != line)
    ]
    telling: list[str] = []
    for weight in sorted({found[line] for line in ranked}, reverse=True):
        equal = [line for line in ranked if found[line] == weight]
        room = MOST - len(telling)
        if room < len(equal):
            equal = equal[:1] + (equal[1 - room :] if room > 1 else [])
        telling += equal[:room]
    if telling and max(map(found.__getitem__, telling)) == _MILDEST:
        telling.append(list(found)[-1])
    return [line for line in found if line in telling]


def lines(text: str) -> list[str]:
    """
    Return the lines that say something, each once, without frames, time stamps and progress.

    Of a traceback only its last line is for a person.
    """
    return list(_weighed(text))


def _weighed(text: str) -> dict[str, int]:
    """
    Return these lines with how much each tells of a failure.
    """
    weighing = _Weighing()
    for raw in _whole_lines(text):
        weighing.take(raw)
    return weighing.found


class _Weighing:
    """
    Weighs line by line, each also by those before it.

    An exception that came while another was handled is what the program ended with. What follows a
    colon tells more than what stands before it. Prose behind the worst is advice.
    """

    def __init__(self) -> None:
        self.found: dict[str, int] = {}
        self._exceptions = 0
        self._message = 0  # lines that the last exception's message may still have
        self._announced = 0  # what the next line weighs at least
        self._is_traceback, self._indent = False, 0
        self._is_listed = False  # what is indented from here on belongs to a line that says nothing

    def take(self, raw: str) -> None:
        """
        Weigh one line.
        """
        inner = re.sub(_MARGIN, "", raw)
        was_traceback = self._is_traceback
        indent = len(inner) - len(inner.lstrip())
        if inner.endswith(_TRACEBACK):
            self._is_traceback, self._indent = True, indent
        elif was_traceback:
            self._is_traceback = not inner.strip() or indent > self._indent
        framed = re.sub(_FRAME, "", raw)
        line = re.sub(_HEDGE, "", re.sub(_STAMP, "", framed))
        if not line or self._is_traceback or self._is_idle(raw, framed, line):
            self._message = 0
            return
        if re.match(_STAMP, framed):  # a logger's next line is none of an exception's message
            self._message = 0
        weight = _MILDEST if re.match(_ECHO, line) else self._weigh(line, was_traceback)
        self.found[line] = max(self.found.get(line, 0), weight)
        self._announced = weight + 1 if line.endswith(":") and weight > _MILDEST else 0

    def _is_idle(self, raw: str, framed: str, line: str) -> bool:
        """
        Tell whether a line is progress, advice, a row of a table, or of what belongs to one.
        """
        is_listed = self._is_listed and raw[:1] == " "
        is_idle = bool(re.match(_IDLE, framed) or re.match(_IDLE, line) or re.match(_ROW, raw))
        is_warning = bool(re.match(_MILD, line)) and "Warning: " in line  # its source follows
        self._is_listed = is_listed or is_warning or (is_idle and line.endswith(":"))
        return is_listed or is_idle

    def _weigh(self, line: str, was_traceback: bool) -> int:  # noqa: FBT001 - one caller
        is_diagnostic = re.match(_DIAGNOSTIC, line)
        if was_traceback or re.match(_EXCEPTION, line):
            self._exceptions += 1
            self._message = _MESSAGE
        elif not self._message or is_diagnostic:
            self._message = 0
            weight = max(_weight(line), self._announced)
            worst = max(self.found.values(), default=0)
            is_advice = not is_diagnostic and not self._announced and worst >= _MOST_TELLING
            return 0 if is_advice and weight < _MOST_TELLING else weight
        else:
            self._message -= 1
        return _MOST_TELLING + self._exceptions


def _whole_lines(text: str) -> list[str]:
    """
    Return the lines as a terminal shows them; prose that goes on in the next line is one.
    """
    found: list[str] = []
    for raw in text.split("\n"):
        shown = re.sub(_ESCAPES, "", raw.rstrip("\r").rpartition("\r")[2])
        before = found[-1] if found else ""
        is_open = len(before) >= _WRAPPED and before[-1:].isalnum() and before[:1].isalpha()
        goes_on = re.match(r"\s*[a-z][\w.-]*,? [^:]*$", shown)
        if is_open and goes_on and not re.match(rf"\s*{_IDLE}|{_ROW}", shown):
            found[-1] = f"{before} {shown.strip()}"
        else:
            found.append(shown)
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
        return _MOST_TELLING + bool(re.search(_PLACE, line))
    if not re.search(_BAD, line) and not re.search(_PLACE, line):
        return 0
    return _MILDEST if re.match(_MILD, line) else _TELLING
