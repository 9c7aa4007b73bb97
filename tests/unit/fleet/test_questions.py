"""
What containers are asked in one go: by one process where that can answer, else by their shell.

What a container answers is anybody's.
"""

from __future__ import annotations

import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from slipway.connectors.shell import FloodError, Result
from slipway.contract.paths import PROJECT
from slipway.facts.files import FileText
from slipway.facts.git import GitVersion
from slipway.facts.mounts import Mounts
from slipway.facts.users import DirectoryNames
from slipway.fleet import questions
from slipway.fleet.questions import Question
from slipway.fleet.read_ahead import ReadAhead

HERE = f"import sys; sys.path.append({str(PROJECT)!r}); "
ANSWER = "from slipway.facts.answers import main; main(sys.argv[1])"
OTHER = "; from slipway.facts import files; files.FileText.command = lambda self, path: 'cat'; "


@pytest.fixture(autouse=True)
def program(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Have this machine's Slipway answer.
    """
    _installed(monkeypatch, [sys.executable, "-I", "-S", "-c", HERE + ANSWER])


def _installed(monkeypatch: pytest.MonkeyPatch, words: Sequence[str]) -> None:
    monkeypatch.setattr(questions, "_PROGRAM", shlex.join(words))


def question(fact: Any, **arguments: Any) -> Question:
    """
    Return what asks for a fact.
    """
    command = fact().command(**arguments)
    return questions.of_fact(command.get_raw_value(), fact, arguments)


class Container:
    """
    A container that is this machine, and what its shell was told.
    """

    def __init__(self) -> None:
        self.scripts: list[str] = []
        self.get_fact = self.ask_all = cast("Any", None)

    def execute(self, script: str, **_bounds: Any) -> Result:
        """
        Run it.
        """
        self.scripts.append(script)
        done = subprocess.run(["sh", "-c", script], check=False, capture_output=True)
        return Result(done.returncode, done.stdout, done.stderr)

    def answers(self, asked: Sequence[Question]) -> dict[str, Result]:
        """
        Return what it answers when it is asked all at once.
        """
        ahead = ReadAhead(cast("Any", self), cast("Any", self))
        ahead.ask(asked)
        return ahead._answers  # noqa: SLF001 - what facts are given


@pytest.fixture
def asked(tmp_path: Path) -> list[Question]:
    """
    Facts of both kinds, about odd paths.
    """
    odd = tmp_path / "it's $(odd)\udcff"
    odd.mkdir()
    (odd / "file").write_bytes(b"text\xff\0 0\n.\n")
    return [
        question(FileText, path="/etc/hosts"),
        Question("echo nobody; exit 3"),
        question(FileText, path=str(odd / "file")),
        question(FileText, path="/nothing"),
        questions.of_fact(GitVersion().command(), GitVersion, {}),
        question(DirectoryNames, path=str(odd)),
    ]


def test_one_process_answers_what_it_can(asked: list[Question]) -> None:
    """
    The shell is asked the rest in the same go, and every answer is what its command gives.
    """
    container = Container()
    found = container.answers(asked)

    assert len(container.scripts) == 1
    assert [bool(each.request) for each in asked] == [True, False, True, True, False, True]
    for each in asked:
        assert found[each.script] == Container().execute(each.script), each


@pytest.mark.parametrize(
    "words",
    [
        ["/no/such/python"],
        [sys.executable, "-I", "-S", "-c", "from slipway.facts.answers import main"],
        [sys.executable, "-I", "-S", "-c", "raise SystemExit(0)"],
        ["printf", "%s"],
        ["sh", "-c", "kill -KILL $$"],
    ],
    ids=["no Python", "no such module", "silent", "something else", "killed"],
)
def test_a_container_without_it_is_asked_by_shell(
    asked: list[Question], words: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    An older Slipway, say: in one go, too.
    """
    _installed(monkeypatch, words)
    container = Container()
    found = container.answers(asked)

    assert len(container.scripts) == 2
    for each in asked:
        assert found[each.script] == Container().execute(each.script), each


def test_a_fact_that_reads_otherwise_there_is_asked_by_shell(
    asked: list[Question], monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Another version's: the others are answered all the same.
    """
    older = f"from slipway.facts import answers; answers._stand_in(){OTHER}{ANSWER}"
    _installed(monkeypatch, [sys.executable, "-I", "-S", "-c", HERE + older])
    container = Container()
    found = container.answers(asked)

    assert len(container.scripts) == 2
    assert asked[0].script in container.scripts[1]
    assert asked[-1].script not in container.scripts[1]
    for each in asked:
        assert found[each.script] == Container().execute(each.script), each


HOSTILE = {
    "nothing": b"",
    "the end only": b".\n",
    "no end": b"0 1 0\na0 1 0\nb",
    "too few": b"0 1 0\na.\n",
    "too many": b"0 1 0\na0 1 0\nb0 1 0\nc.\n",
    "something after the end": b"0 1 0\na0 1 0\nb.\n.\n",
    "longer than it is": b"0 1 0\na0 999999999 0\nb.\n",
    "shorter than it is": b"0 1 0\naa0 1 0\nb.\n",
    "a negative length": b"0 -1 0\n0 1 0\nb.\n",
    "a gigantic length": b"0 1 0\na0 " + b"9" * 100_000 + b" 0\nb.\n",
    "a gigantic code": b"0 1 0\na" + b"9" * 100_000 + b" 1 0\nb.\n",
    "a number of another script": "0 1 0\na0 ١ 0\nb.\n".encode(),
    "not a number": b"0 1 0\naNaN 1 0\nb.\n",
    "infinity": b"0 1 0\na0 Infinity 0\nb.\n",
    "a fraction": b"0 1 0\na0 1.0 0\nb.\n",
    "another type": b'["a", "b"]',
    "an object": b'{"Mounts": ["a"], "FileText": {}}',
    "deep nesting": b"[" * 1_000_000,
    "lone surrogates": b'"\\ud800\\udfff"',
    "no UTF-8": b"\xff\xfe\0\0",
    "lines without end": b"0" * 5_000_000,
    "empty lines": b"\n" * 1_000_000,
    "CRLF": b"0 1 0\r\na0 1 0\r\nb.\r\n",
    "a sign": b"+0 1 0\na0 1 0\nb.\n",
    "an underscore": b"0 1_0 0\naaaaaaaaaa0 1 0\nb.\n",
}


@pytest.mark.parametrize("output", HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_answer_is_none(output: bytes) -> None:
    """
    Neither a part of it, nor an error.
    """
    asked = [question(Mounts), question(FileText, path="/x"), Question("true")]
    batch = questions.batch(asked)
    done = {batch.commands[0]: Result(0, output, b""), "true": Result(0, b"", b"")}

    assert questions.results(asked, done) == {"true": Result(0, b"", b"")}


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (b"0 1 0\na0 1 0\nb.\n", [Result(0, b"a", b""), Result(0, b"b", b"")]),
        (b"-\n7 0 3\nwhy.\n", [None, Result(7, b"", b"why")]),
        (b"-\n-\n.\n", [None, None]),
        (b"0 2 2\n.\n-\n-\n.\n", [Result(0, b".\n", b"-\n"), None]),
    ],
)
def test_each_answer_is_as_long_as_it_says(output: bytes, expected: list[Result | None]) -> None:
    """
    Whatever is in it.
    """
    asked = [question(Mounts), question(FileText, path="/x")]
    (command,) = questions.batch(asked).commands
    found = questions.results(asked, {command: Result(0, output, b"")})

    assert [found.get(each.script) for each in asked] == expected


def test_a_program_that_fails_has_answered_nothing() -> None:
    asked = [question(Mounts)]
    (command,) = questions.batch(asked).commands

    assert questions.results(asked, {command: Result(1, b"0 1 0\na.\n", b"")}) == {}
    assert questions.results(asked, {}) == {}


@pytest.mark.parametrize(
    "given",
    [{"_sudo": True}, {"path": b"bytes"}, {"path": {"a", "set"}}, {"path": object()}, {}],
)
def test_a_fact_asked_in_another_way_is_the_shells(given: dict[str, Any]) -> None:
    """
    As another user, by a value that JSON does not have, or by mistake.
    """
    assert questions.of_fact("sudo cat", FileText, given) == Question("sudo cat")


def test_a_fact_of_somebody_elses_is_the_shells() -> None:
    other = type("FileText", (FileText,), {"__module__": "child.facts.files"})
    script = FileText().command("/x").get_raw_value()

    assert questions.of_fact(script, other, {"path": "/x"}) == Question(script)
    assert questions.of_fact(script, FileText, {"path": "/x"}).request


def test_more_than_a_request_holds_is_asked_by_shell() -> None:
    """
    The kernel limits what a process is given.
    """
    asked = [question(FileText, path=f"/{'x' * 10_000}{number}") for number in range(8)]
    container = Container()
    found = container.answers(asked)

    assert set(found) == {each.script for each in asked}
    assert len(container.scripts) == 2
    assert max(map(len, container.scripts)) < 128 * 1024


@pytest.mark.parametrize("error", [FloodError(27, "too much"), TimeoutError("too late")])
def test_no_more_is_asked_of_one_that_does_not_answer(error: OSError) -> None:
    """
    Once is enough: sixty facts would each take as long.
    """
    told: list[dict[str, Any]] = []

    def execute(_script: str, **bounds: Any) -> Result:
        told.append(bounds)
        raise error

    host: Any = SimpleNamespace(
        get_fact=lambda _fact: host.execute("cat"), execute=execute, ask_all=None
    )
    ahead = ReadAhead(host, host)
    ahead.watch()
    for _ in range(3):
        with pytest.raises(OSError, match="too "):
            host.get_fact(Mounts)

    (bounds,) = told
    assert bounds["timeout"]
    assert bounds["most"]
    assert len(ahead.asked) == 1
