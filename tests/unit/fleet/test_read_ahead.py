"""
Facts read ahead: asked in one go, and forgotten at the first change.
"""

from __future__ import annotations

import subprocess
from typing import Any, cast

import pytest

from slipway.connectors.container import ContainerConnector
from slipway.connectors.shell import Result
from slipway.fleet.read_ahead import ReadAhead


class Container:
    """
    A host and its connector in one, running commands where the tests run.
    """

    def __init__(self) -> None:
        self.ran: list[str] = []

    def execute(self, script: str, **_arguments: Any) -> Result:
        """
        Run it, and remember that.
        """
        self.ran.append(script)
        done = subprocess.run(["sh", "-c", script], check=False, capture_output=True)
        return Result(done.returncode, done.stdout, done.stderr)

    def get_fact(self, command: str, **arguments: Any) -> Result:
        """
        Ask, as pyinfra does, by the connector that is there now.
        """
        return self.execute(command, **arguments)


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
    return ReadAhead(cast("Any", container), cast("ContainerConnector", container))


def test_what_is_asked_is_learnt_and_what_is_told_is_not(
    ahead: ReadAhead, container: Container
) -> None:
    """
    Only facts may be asked of another container, and only those without input or a limit.
    """
    container.get_fact("echo a")
    container.execute("touch /dev/null")
    container.get_fact("cat", stdin=b"x")
    container.get_fact("echo b", stdin=None, timeout=0)
    container.get_fact("echo a")

    assert list(ahead.asked) == ["echo a", "echo b"]


def test_all_is_asked_at_once(ahead: ReadAhead, container: Container) -> None:
    """
    One command; each answer is the fact's own, also the second time.
    """
    ahead.ask(["echo a", "exit 3"])

    assert container.get_fact("echo a") == Result(0, b"a\n", b"")
    assert container.get_fact("exit 3") == container.get_fact("exit 3") == Result(3, b"", b"")
    assert len(container.ran) == 1
    assert container.get_fact("echo other") == Result(0, b"other\n", b"")


def test_a_change_makes_every_answer_void(
    ahead: ReadAhead, container: Container, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """
    What comes after it sees the state as it is.
    """
    path = tmp_path_factory.mktemp("state") / "file"
    question = f"ls {path} 2>/dev/null || echo none"
    ahead.ask([question])

    assert container.get_fact(question).stdout == b"none\n"
    container.execute(f"touch {path}")
    assert container.get_fact(question).stdout == f"{path}\n".encode()


def test_a_fact_with_input_or_a_limit_is_asked_itself(
    ahead: ReadAhead, container: Container
) -> None:
    """
    Its answer may be another one.
    """
    ahead.ask(["cat"])
    container.get_fact("cat", timeout=5)

    assert len(container.ran) == 2
