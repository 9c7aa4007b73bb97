"""
Running containers, converged or checked from outside, all of them at once.

What `pyinfra @container/NAME deploy.py` does, in one phase.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from functools import partial
from typing import cast

import gevent
from gevent.event import AsyncResult
from pyinfra.api.exceptions import ConnectError
from pyinfra.api.host import Host

from slipway.connectors.container import ContainerConnector
from slipway.contract import paths
from slipway.contract.report import Operation, Report
from slipway.converge import run
from slipway.converge.run import Begun, Run
from slipway.fleet import foreseen
from slipway.fleet.questions import Question
from slipway.fleet.read_ahead import ReadAhead
from slipway.system.atomic import temporary

_PATIENCE = 5.0  # seconds: the first container may be slow
_CONVERGENCE = 60  # seconds that a check waits for one; one that installs packages takes longer
_HELD = 1  # flock(1)'s code after that time


class Fleet:
    """
    One run over several containers.
    """

    def __init__(self, names: Sequence[str], *, is_check: bool = False) -> None:
        """
        Choose the containers. Raises InventoryError for a name that no container can have.

        + names: of running containers; none for every one of Slipway's image
        + is_check: only say what would change
        """
        hosts = [f"@container/{name}" for name in names] if names else ["@container"]
        self._run = Run(hosts, is_check=is_check)
        self._first: Host | None = None  # the first container that is reached
        self._foreseen: list[Question] | None = None  # by the first one that is asked alone

    def run(self) -> dict[str, Report]:
        """
        Return each container's report; one that can't be reached has a failed operation `connect`.
        """
        asked: AsyncResult[list[Question]] = AsyncResult()  # by the same
        jobs = {
            host.name.removeprefix("@container/"): gevent.spawn(self._report, host, asked)
            for host in self._run.hosts
        }
        try:
            gevent.joinall(list(jobs.values()), raise_error=True)
        finally:
            gevent.killall(list(jobs.values()))  # an interrupt: no command goes on in a container
        return {name: job.value for name, job in jobs.items()}

    def _report(self, host: Host, asked: AsyncResult[list[Question]]) -> Report:
        begun, step = Begun.now(), "connect"
        operations: list[Operation] = []
        host.connector_data["lock"] = str(paths.LOCK)  # what is read ahead is read under it, too
        facts = ReadAhead(
            host,
            _connector(host),
            partial(self._expected, host, asked),
            before=partial(self._settle, host),
        )
        try:
            self._run.connect(host)
            step = "converge"
            if refusal := _refused(host):
                return run.report(host, refusal, begun=begun)
            operations = self._operations(host, facts, asked)
            done, step = run.report(host, operations, begun=begun), "report"
            if not self._run.is_check:
                _save(_connector(host), done)
        except Exception as error:  # noqa: BLE001 - what one container says costs no other its run
            failure = Operation("Container", step, "failed", 0.0, _reason(error))
            done = run.report(host, [*operations, failure], begun=begun)
        finally:
            if host is self._first:
                asked.set(list(facts.asked.values()))
            host.connector.disconnect()
        return done

    def _operations(
        self, host: Host, facts: ReadAhead, asked: AsyncResult[list[Question]]
    ) -> list[Operation]:
        if not self._run.is_check:
            _mark(_connector(host))
        facts.watch()
        expected = self._expected(host, asked) if facts.foreseen is None else facts.foreseen
        known = expected or (asked.ready() and asked.value) or self._foresee(host)
        try:
            facts.ask(known)
            self._run.deploy(host)
        finally:
            if host is self._first:
                asked.set(list(facts.asked.values()))
        return self._run.operations(host)

    def _settle(self, host: Host) -> None:
        """
        Have a check wait for a convergence that runs in its container.

        The lock is never kept: a start must not wait for who only looks.
        """
        if not self._run.is_check:
            return  # the shell has the lock
        lock = shlex.quote(str(paths.LOCK))
        waiting = f"[ ! -f {lock} ] || flock -s -w {_CONVERGENCE} {lock} true"
        if _connector(host).perform(waiting).code == _HELD:
            name = host.name.removeprefix("@container/")
            what = "a convergence runs there still: what it has half done may be named"
            sys.stderr.write(f"slipway.fleet: {name}: {what}\n")

    def _expected(self, host: Host, asked: AsyncResult[list[Question]]) -> Sequence[Question]:
        """
        Return what the first container was asked; nothing for that one, which nobody waits for.
        """
        self._first = self._first or host
        return [] if host is self._first else asked.wait(_PATIENCE) or self._foreseen or []

    def _foresee(self, host: Host) -> list[Question]:
        if self._foreseen is None:
            self._foreseen = foreseen.questions(host)
        return self._foreseen


def _connector(host: Host) -> ContainerConnector:
    return cast("ContainerConnector", host.connector)


def _refused(host: Host) -> list[Operation]:
    """
    Return the failed operation by which nothing may be done in a container; else nothing.

    It is not saved there: no convergence has begun, and the last one's report and mark hold.
    """
    if host.data.get("loaded") is None or not host.data.is_ours:
        where = f"there is no {paths.INSTALLED} in it that could be read"
        return [Operation("Container", "find Slipway", "failed", 0.0, where)]
    return run.refused(host)


def _reason(error: Exception) -> str:
    if isinstance(error, (OSError, ConnectError)):
        return str(getattr(error, "strerror", None) or error)
    return f"{type(error).__name__}: {error}"


def _mark(connector: ContainerConnector) -> None:
    """
    Leave a convergence's mark, by which health knows one that is cut off.
    """
    connector.perform(f"[ ! -w {paths.RUN} ] || : > {paths.UNFINISHED}")


def _save(connector: ContainerConnector, report: Report) -> None:
    """
    Leave the report in the container: its health and status are those of the last convergence.

    It is everybody's to read, so it may be a word of a script, which spares what `put_file` starts.
    """
    path, draft = str(paths.REPORT), temporary(str(paths.REPORT))
    done = connector.perform(
        f"umask 022; printf %s {shlex.quote(report.to_bytes().decode())} > {draft} "
        f"&& mv -T {draft} {path} && {{ [ ! -e {paths.UNFINISHED} ] || rm -f {paths.UNFINISHED}; }}"
    )
    if done.code:
        raise OSError(done.stderr.decode(errors="replace"))
