"""
Facts read ahead: asked in one go, and forgotten at the first change.
"""

from __future__ import annotations

import subprocess
from typing import Any, cast

import pytest
from pyinfra.api import FactBase

from slipway.connectors.container import ContainerConnector
from slipway.connectors.shell import Result
from slipway.fleet.questions import Question
from slipway.fleet.read_ahead import ReadAhead


class Container:
    """
    A host and its connector in one, running commands where the tests run.
    """

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.ask_all: Any = None

    def execute(self, script: str, **_arguments: Any) -> Result:
        """
        Run it, and remember that.
        """
        self.ran.append(script)
        done = subprocess.run(["sh", "-c", script], check=False, capture_output=True)
        return Result(done.returncode, done.stdout, done.stderr)

    def get_fact(self, fact: type[FactBase[Any]], *, script: str, **arguments: Any) -> Result:
        """
        Ask, as pyinfra does, by the connector that is there now.
        """
        return self.execute(str(fact().command(script=script)), **arguments)

    def asked(self, script: str, **arguments: Any) -> Result:
        """
        Return what a fact gives whose command is a script.
        """
        return self.get_fact(Printed, script=script, **arguments)


class Printed(FactBase[str]):
    """
    A fact of somebody else's.
    """

    def command(self, script: str) -> str:
        """Run it."""
        return script


@pytest.fixture
def container() -> Container:
    """
    One container.
    """
    return Container()


@pytest.fixture
def ahead(container: Container) -> ReadAhead:
    """
    What watches it.
    """
    ahead = ReadAhead(cast("Any", container), cast("ContainerConnector", container))
    ahead.watch()
    return ahead


def test_what_is_asked_is_learnt_and_what_is_told_is_not(
    ahead: ReadAhead, container: Container
) -> None:
    """
    Only facts may be asked of another container, and only those without input or a limit.
    """
    container.asked("echo a")
    container.execute("touch /dev/null")
    container.asked("cat", stdin=b"x")
    container.asked("echo b", stdin=None, timeout=0)
    container.asked("echo a")

    assert list(ahead.asked) == ["echo a", "echo b"]


def test_all_is_asked_at_once(ahead: ReadAhead, container: Container) -> None:
    """
    One command; each answer is the fact's own, also the second time.
    """
    ahead.ask([Question("echo a"), Question("exit 3")])

    assert container.asked("echo a") == Result(0, b"a\n", b"")
    assert container.asked("exit 3") == container.asked("exit 3") == Result(3, b"", b"")
    assert len(container.ran) == 1
    assert container.asked("echo other") == Result(0, b"other\n", b"")


def test_a_change_makes_every_answer_void(
    ahead: ReadAhead, container: Container, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """
    What comes after it sees the state as it is.
    """
    path = tmp_path_factory.mktemp("state") / "file"
    question = f"ls {path} 2>/dev/null || echo none"
    ahead.ask([Question(question)])

    assert container.asked(question).stdout == b"none\n"
    container.execute(f"touch {path}")
    assert container.asked(question).stdout == f"{path}\n".encode()


def test_a_fact_with_input_or_a_limit_is_asked_itself(
    ahead: ReadAhead, container: Container
) -> None:
    """
    Its answer may be another one.
    """
    ahead.ask([Question("cat")])
    container.asked("cat", timeout=5)

    assert len(container.ran) == 2
