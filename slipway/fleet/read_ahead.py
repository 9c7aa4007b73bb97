"""
What a container will be asked, asked in one go.

A convergence that changes nothing is sixty facts, and starting a shell for each costs more than the
facts. Containers of one fleet are asked nearly the same: so the first is asked at once what was
foreseen (slipway.fleet.foreseen), and each of the others all that the first was asked, together
with what connecting asks. What one has answered counts until the first command that may change
something; from then on, every fact is read when it is needed.

No container holds up the rest: what it says is bounded, and a fact that takes longer than any of
ours ever does ends the asking.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pyinfra.api.host import Host

from slipway.connectors.batch import Batch
from slipway.connectors.container import ContainerConnector
from slipway.connectors.session import ANSWER
from slipway.connectors.shell import FloodError, Result
from slipway.fleet import questions
from slipway.fleet.questions import Question

_PATIENCE = 300  # seconds for a fact, or for all that are asked at once: ours are bound to 60


class ReadAhead:
    """
    The facts of one host.
    """

    def __init__(
        self,
        host: Host,
        connector: ContainerConnector,
        foresee: Callable[[], Sequence[Question]] = list,
        *,
        before: Callable[[], None] = lambda: None,
    ) -> None:
        """
        Take part in what connecting asks.

        + foresee: returns what facts will ask, as far as that is known without the host's data
        + before: called with a shell that answers, before anything is asked
        """
        self.asked: dict[str, Question] = {}  # of facts, in order, by what was run for them
        # those that were asked together with connecting; None where that had nothing to ask
        self.foreseen: list[Question] | None = None
        self._known: dict[str, Question] = {}  # those that were asked at once
        self._answers: dict[str, Result] = {}
        self._fact: tuple[type[Any], dict[str, Any]] | None = None  # the one that is asked now
        self._failure: OSError | None = None  # of a question that had no end
        self._foresee, self._before = foresee, before
        self._host, self._connector = host, connector
        self._get_fact, self._execute = host.get_fact, connector.execute
        self._ask_all = connector.ask_all
        connector.ask_all = self._connecting

    def watch(self) -> None:
        """
        Watch what the host is asked and told from now on.
        """
        self._get_fact, self._execute = self._host.get_fact, self._connector.execute
        watched_host: Any = self._host
        watched_host.get_fact = self._asking
        watched_connector: Any = self._connector
        watched_connector.execute = self._command

    def ask(self, asked: Sequence[Question]) -> None:
        """
        Ask all at once that facts ask. What could not be answered so is asked once more, by shell.
        """
        self._known = {each.script: each for each in asked}
        if not self.foreseen:
            batch = questions.batch(asked)
            if batch.commands:
                found = batch.results(self._bounded(self._execute, batch.script))
                self._answers = questions.results(asked, found)
        left = [each.script for each in asked if each.script not in self._answers]
        if left:
            batch = Batch(left)
            self._answers |= batch.results(self._bounded(self._execute, batch.script))

    def _connecting(self, scripts: Sequence[str]) -> Mapping[str, Result]:
        """
        Return what scripts give that connecting runs, in one go with what facts will ask.

        By the process alone: the shell of a container that is perhaps not Slipway's is told no
        more than connecting has to.
        """
        self._before()
        self.foreseen = list(self._foresee())
        if not self.foreseen:
            return self._ask_all(scripts)
        usual = questions.of_connecting()
        asked = [*(usual[each] for each in scripts if each in usual), *self.foreseen]
        program = questions.program(asked)
        done = self._bounded(self._connector.perform, program)
        found = questions.results(asked, {program: done})
        left = [each for each in scripts if each not in found]
        self._answers = {
            each.script: found[each.script] for each in self.foreseen if each.script in found
        }
        return {**found, **self._ask_all(left)} if left else found

    def _asking(self, fact: type[Any], *arguments: Any, **keywords: Any) -> Any:
        self._fact = (fact, keywords)
        try:
            return self._get_fact(fact, *arguments, **keywords)
        finally:
            self._fact = None

    def _command(self, script: str, **arguments: Any) -> Result:
        if self._fact is None:
            self._answers.clear()
        if self._fact is None or any(arguments.values()):
            return self._execute(script, **arguments, most=ANSWER)
        if script not in self.asked:
            known = self._known.get(script)
            self.asked[script] = known or questions.of_fact(script, *self._fact)
        return self._answers.get(script) or self._bounded(self._execute, script)

    def _bounded(self, execute: Callable[..., Result], script: str) -> Result:
        if self._failure:
            raise self._failure
        try:
            return execute(script, timeout=_PATIENCE, most=ANSWER)
        except (TimeoutError, FloodError) as error:
            self._failure = error
            raise
