"""
What one container was asked, asked of the next in one go.

A convergence that changes nothing is thirty facts, and starting a shell for each costs more than
the facts. Containers of one fleet are asked nearly the same: so the first is asked as always, and
each of the others everything at once, at the beginning. What it has answered counts until the first
command that may change something; from then on, every fact is read when it is needed.
"""

from __future__ import annotations

from typing import Any

from pyinfra.api.host import Host

from slipway.connectors.batch import Batch
from slipway.connectors.container import ContainerConnector
from slipway.connectors.shell import Result


class ReadAhead:
    """
    The facts of one host.
    """

    def __init__(self, host: Host, connector: ContainerConnector) -> None:
        """
        Watch what a host is asked and told.
        """
        self.asked: dict[str, None] = {}  # commands of facts, in order
        self._answers: dict[str, Result] = {}
        self._is_asking = False
        self._get_fact = host.get_fact
        self._execute = connector.execute
        watched_host: Any = host
        watched_host.get_fact = self._fact
        watched_connector: Any = connector
        watched_connector.execute = self._command

    def ask(self, commands: list[str]) -> None:
        """
        Ask all at once what commands of facts ask.
        """
        batch = Batch(commands)
        self._answers = batch.results(self._execute(batch.script))

    def _fact(self, *arguments: Any, **keywords: Any) -> Any:
        self._is_asking = True
        try:
            return self._get_fact(*arguments, **keywords)
        finally:
            self._is_asking = False

    def _command(self, script: str, **arguments: Any) -> Result:
        if not self._is_asking:
            self._answers.clear()
        elif not any(arguments.values()):
            if script in self._answers:
                return self._answers[script]
            self.asked[script] = None
        return self._execute(script, **arguments)
