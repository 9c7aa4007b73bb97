"""
Operations without a host: facts go in, the exact commands come out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pyinfra.api import FactBase, FileUploadCommand
from pyinfra.context import ctx_host

Facts = dict[type[FactBase[Any]], Any]


class FactHost:
    """
    A host that knows only the facts it is told, and answers them like pyinfra's.
    """

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        self.connector_data: dict[str, Any] = {}
        self.noops: list[str] = []

    def get_fact(self, fact: type[FactBase[Any]], **arguments: Any) -> Any:
        """
        Return the fact; a function is called with the fact's arguments.
        """
        known = self.facts[fact]
        return known(**arguments) if callable(known) else known

    def noop(self, description: str) -> None:
        """
        Keep why nothing is done.
        """
        self.noops.append(description)

    def log(self, _message: str) -> None:
        """
        Say nothing.
        """


@pytest.fixture
def run() -> Iterator[Callable[..., list[str]]]:
    """
    Run an operation against facts; returns its commands, uploads as `PATH <- CONTENT`.
    """

    def commands(operation: Any, *, facts: Facts, **arguments: Any) -> list[str]:
        host = FactHost(facts)
        with ctx_host.use(host):
            issued = [_text(command) for command in operation._inner(**arguments)]  # noqa: SLF001
        commands.host = host  # type: ignore[attr-defined]
        return issued

    yield commands


def _text(command: Any) -> str:
    if isinstance(command, FileUploadCommand):
        assert not isinstance(command.src, str)
        return f"{command.dest} <- {command.src.getvalue().decode()}"
    return str(command)
