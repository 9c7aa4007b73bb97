"""
What containers are asked, all of it in one go, and the answers taken apart.

In a container that has Slipway, one process answers what it can (slipway.facts.answers), and the
shell the rest. What comes back is anybody's: anything but as many answers as questions, each as
long as it says, is no answer at all.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from slipway.connectors import container_files
from slipway.connectors.batch import Batch
from slipway.connectors.native import Inside
from slipway.connectors.shell import Result
from slipway.contract import paths
from slipway.facts import answers
from slipway.facts.contents import Content, RealPath
from slipway.settings import workspace

_CODE = (
    f"import sys; sys.path.append('{paths.INSTALLED}'); "
    "from slipway.facts.answers import main; main(sys.argv[1])"
)
# site.py costs as much as Python's own start, and what answers needs nothing that is installed
_PROGRAM = f"{paths.PROGRAMS}/python3 -I -S -c {shlex.quote(_CODE)}"
_HEAD = rb"(\d{1,3}) (\d{1,9}) (\d{1,9})\n|-\n"
_FILES, _PLACE = container_files.SEEN, workspace.DEFAULT
_MOST = 60_000  # bytes of one request: half of what a shell takes at once


class Question(NamedTuple):
    """
    A fact's command, and how a process asks for the same.
    """

    script: str
    request: str = ""  # as slipway.facts.answers takes it; "" for one that only a shell answers


def of_fact(script: str, fact: type[Any], arguments: Mapping[str, Any]) -> Question:
    """
    Return the question that a fact is.

    + script: what the connector was told to run for it
    """
    module = fact.__module__
    if not module.startswith(answers.PACKAGE):
        return Question(script)
    try:
        command = fact().command(**arguments)
        if isinstance(command, Inside) and command.get_raw_value() == script:
            name = module.removeprefix(answers.PACKAGE)
            asked = [name, fact.__qualname__, dict(arguments), answers.digest(script)]
            return Question(script, json.dumps(asked))
    except (TypeError, ValueError):  # arguments for pyinfra, or such as JSON does not have
        pass
    return Question(script)


def of_connecting() -> dict[str, Question]:
    """
    Return what connecting asks of nearly every container, by its scripts.
    """
    asked = [
        *(of_fact(container_files.reading(each), Content, {"path": each}) for each in _FILES),
        of_fact(container_files.resolving(_PLACE), RealPath, {"path": _PLACE}),
    ]
    return {question.script: question for question in asked}


def program(questions: Sequence[Question]) -> str:
    """
    Return the command that has a process answer what it can; "" for nothing of that.
    """
    asked = _within(questions)
    return _program(asked) if asked else ""


def batch(questions: Sequence[Question]) -> Batch:
    """
    Return the commands that ask everything: first the process, then what is left to the shell.
    """
    by_shell = [question.script for question in questions if not question.request]
    return Batch([command for command in (program(questions), *by_shell) if command])


def results(questions: Sequence[Question], found: Mapping[str, Result]) -> dict[str, Result]:
    """
    Return what a batch's results answer, by a question's script.
    """
    asked = _within(questions)
    by_shell = dict(found)
    by_process = by_shell.pop(_program(asked), None)
    if by_process is None or by_process.code:
        return by_shell
    return {**by_shell, **_parsed(by_process.stdout, asked)}


def _within(questions: Iterable[Question]) -> list[Question]:
    """
    Return those that one process is asked.
    """
    found, size = [], 0
    for question in questions:
        size += len(question.request)
        if question.request and size < _MOST:
            found.append(question)
    return found


def _program(asked: Sequence[Question]) -> str:
    request = f"[{','.join(question.request for question in asked)}]"
    return f"{_PROGRAM} {shlex.quote(request)}"


def _parsed(output: bytes, asked: Sequence[Question]) -> dict[str, Result]:
    found, at = {}, 0
    for question in asked:
        head = re.compile(_HEAD).match(output, at)
        if head is None:
            return {}
        at = head.end()
        if head[1] is None:
            continue
        code, *sizes = map(int, head.groups())
        middle, end = at + sizes[0], at + sum(sizes)
        if end > len(output):
            return {}
        found[question.script] = Result(code, output[at:middle], output[middle:end])
        at = end
    return found if output[at:] == answers.END else {}
