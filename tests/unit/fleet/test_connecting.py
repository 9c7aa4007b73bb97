"""
What connecting asks, in one go with what facts will ask: by one process, or else by the shell.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from typing import Any, cast

import pytest

from slipway.connectors import container_files
from slipway.connectors.shell import FloodError, Result
from slipway.contract.paths import PROJECT
from slipway.facts.files import FileText
from slipway.fleet import questions
from slipway.fleet.questions import Question
from slipway.fleet.read_ahead import ReadAhead

CODE = f"import sys; sys.path.append({str(PROJECT)!r}); from slipway.facts.answers import main; "
ANSWER = f"{CODE}main(sys.argv[1])"
OTHERS = f"{CODE}from slipway.facts import contents; del contents.Content; main(sys.argv[1])"
SCRIPTS = [*map(container_files.reading, container_files.SEEN), "echo another"]


class Container:
    """
    A container that is this machine: what its shell was told, in which way.
    """

    def __init__(self, error: OSError | None = None) -> None:
        self.told: list[str] = []
        self.ask_all = partial(container_files.together, execute=self.execute)
        self.get_fact: Any = None
        self._error = error

    def execute(self, script: str, **_bounds: Any) -> Result:
        """
        Run it.
        """
        return self._run("execute", script)

    def perform(self, script: str, **bounds: Any) -> Result:
        """
        Run it, or break.
        """
        assert set(bounds) == {"timeout", "most"}
        return self._run("perform", script)

    def _run(self, way: str, script: str) -> Result:
        self.told.append(way)
        if self._error:
            raise self._error
        done = subprocess.run(
            ["sh", "-c", script], check=False, capture_output=True, stdin=subprocess.DEVNULL
        )
        return Result(done.returncode, done.stdout, done.stderr)


def installed(monkeypatch: pytest.MonkeyPatch, *words: str) -> None:
    """
    Have a program answer.
    """
    monkeypatch.setattr(questions, "_PROGRAM", shlex.join(words))


def of_facts() -> list[Question]:
    """
    Return what two facts ask, and one that only a shell answers.
    """
    asked = [(FileText, {"path": "/etc/passwd"}), (FileText, {"path": "/etc/hosts"})]
    scripts = [fact().command(**given).get_raw_value() for fact, given in cast("Any", asked)]
    found = [
        questions.of_fact(script, fact, given)
        for script, (fact, given) in zip(scripts, cast("Any", asked), strict=True)
    ]
    return [*found, Question("echo shell")]


def connected(container: Container, foreseen: Sequence[Question]) -> tuple[ReadAhead, Any]:
    """
    Return what reads ahead, and what connecting was answered.
    """
    ahead = ReadAhead(cast("Any", container), cast("Any", container), lambda: foreseen)
    return ahead, container.ask_all(SCRIPTS)


def reasons(found: dict[str, Result]) -> list[Any]:
    """
    Return answers, of a complaint only what it ends with: each program has its name before.
    """
    return [
        (each, done.code, done.stdout, done.stderr.rpartition(b": ")[2])
        for each, done in sorted(found.items())
        if each != container_files.reading("/proc/1/stat")  # of one moment
    ]


@pytest.mark.parametrize(
    ("words", "while_connecting", "afterwards"),
    [
        # what is no file of ours is the shell's, and so is a fact that no process answers
        ([sys.executable, "-I", "-S", "-c", ANSWER], ["perform", "execute"], ["execute"]),
        ([sys.executable, "-I", "-S", "-c", OTHERS], ["perform", "execute"], ["execute"]),
        (["/no/such/python"], ["perform", "execute"], ["execute"]),
        (["printf", "%s"], ["perform", "execute"], ["execute"]),
        (["sh", "-c", "kill -KILL $$"], ["perform", "execute"], ["execute"]),
    ],
    ids=["its own", "an older one", "none", "something else", "killed"],
)
def test_both_are_asked_at_once(
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    while_connecting: list[str],
    afterwards: list[str],
) -> None:
    """
    The same is answered, whoever answers, and nobody is asked twice.
    """
    installed(monkeypatch, *words)
    container, foreseen = Container(), of_facts()
    ahead, found = connected(container, foreseen)
    told = list(container.told)
    ahead.watch()
    ahead.ask(foreseen)
    plain = container_files.together(SCRIPTS, Container().execute)

    assert set(found) >= set(SCRIPTS)
    assert reasons({each: found[each] for each in SCRIPTS}) == reasons(dict(plain))
    assert told == while_connecting
    assert container.told == [*told, *afterwards]
    for each in foreseen:
        assert ahead._answers[each.script] == Container().execute(each.script)  # noqa: SLF001


def test_what_a_process_answers_is_asked_of_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    One command is all that a container of ours is told.
    """
    installed(monkeypatch, sys.executable, "-I", "-S", "-c", ANSWER)
    container, foreseen = Container(), of_facts()[:2]
    ahead = ReadAhead(cast("Any", container), cast("Any", container), lambda: foreseen)
    container.ask_all(SCRIPTS[:-1])
    ahead.watch()
    ahead.ask(foreseen)

    assert container.told == ["perform"]


def test_the_first_one_is_asked_by_shell() -> None:
    """
    Nobody knows yet what there is to ask.
    """
    container = Container()
    ahead, found = connected(container, [])

    assert set(found) == set(SCRIPTS)
    assert container.told == ["execute"]
    assert ahead.foreseen == []


@pytest.mark.parametrize("error", [FloodError(27, "too much"), TimeoutError("too late")])
def test_one_that_has_no_end_is_not_connected(error: OSError) -> None:
    container = Container(error)
    with pytest.raises(OSError, match=r"^too "):
        connected(container, of_facts())

    assert container.told == ["perform"]
