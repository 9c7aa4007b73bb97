"""
One pyinfra run, through pyinfra's API and without its command line: hosts in, a Report a host out.

Converging runs operations as they are called: each fact is read once, when it is needed. Checking
asks every operation for the commands it would run and runs none of them.

What is special inside a container is in slipway.converge.here; what is special outside, where there
are many, in slipway.fleet.run.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from types import CodeType
from typing import Any, NamedTuple

from pyinfra.api import Config, Inventory, State
from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.host import Host
from pyinfra.api.state import StateOperationHostData, StateStage
from pyinfra.context import ctx_config, ctx_host, ctx_inventory, ctx_state

from slipway.connectors import ended
from slipway.contract import paths
from slipway.contract.report import Operation, Report, Setting
from slipway.converge.clock import Clock
from slipway.converge.complaints import COMPLAINTS, MAX_DETAIL, Complaints
from slipway.converge.extensions import PLACES, PROBLEMS, WITHIN, Place
from slipway.converge.shown import shown
from slipway.operations.foresight import PLAN, Change, Plan, Planned
from slipway.operations.independent import INDEPENDENT
from slipway.settings.load import Loaded, load
from slipway.system import words

READ = "read the facts"  # what a task does besides its operations


class Begun(NamedTuple):
    """
    When a run began.
    """

    monotonic: float
    at: float  # seconds since the epoch

    @classmethod
    def now(cls) -> Begun:
        """
        Begin.
        """
        return cls(time.monotonic(), time.time())


class Run:
    """
    A pyinfra state, prepared for hosts, and what has become of them.
    """

    def __init__(
        self,
        hosts: Sequence[str | tuple[str, dict[str, Any]]],
        *,
        is_check: bool = False,
        is_verbose: bool = False,
    ) -> None:
        """
        Prepare the state. Raises InventoryError for a name that no host can have.

        + hosts: their names, with their data where connecting does not give it
        + is_check: only find what would change
        + is_verbose: and how: the differences of files, and the commands
        """
        self.is_check, self.is_verbose = is_check, is_verbose
        self._clock, self._complaints = Clock(), Complaints()
        self._complaints.listen()
        inventory, config = Inventory((list(hosts), {})), Config(TEMP_DIR="/tmp", SHELL=None)  # noqa: S108 - unused: our connectors write in place
        self.state = _State(check_for_changes=is_check)
        self.state.cwd = str(paths.PROJECT)
        ctx_state.set(self.state)
        ctx_config.set(config)
        ctx_inventory.set(inventory)
        self.state.init(inventory, config)
        self.state.add_callback_handler(self._clock)  # type: ignore[no-untyped-call]  # pyinfra
        self.state.set_stage(StateStage.Prepare if is_check else StateStage.Execute)
        self.state.is_executing = not is_check
        self.hosts: list[Host] = list(inventory)

    def connect(self, host: Host) -> None:
        """
        Connect a host, which is then ready to be asked and told. Raises ConnectError and OSError.
        """
        host.connect(show_errors=False, raise_exceptions=True)
        self.state.activate_host(host)
        host.connector_data[INDEPENDENT] = False
        plan = Plan(is_check=self.is_check, is_verbose=self.is_verbose)
        host.connector_data[PLAN] = plan
        host.connector_data[COMPLAINTS] = self._complaints

    def deploy(self, host: Host) -> None:
        """
        Run the deploy's code for a host. What fails ends its task and is among the operations.
        """
        with ctx_host.use(host):
            try:
                exec(self._code, {"__name__": "deploy", "__file__": self._code.co_filename})  # noqa: S102 - as pyinfra runs it, once a host
            except PyinfraError as error:  # outside of any task, or in a check
                host.connector_data.setdefault("failures", []).append(("deploy", READ, str(error)))

    def operations(self, host: Host) -> list[Operation]:
        """
        Return what a host's operations did or would do, then the tasks that failed between them.
        """
        outcome = self._checked if self.is_check else self._converged
        with ctx_host.use(host):
            operations = [
                self._operation(host, op_hash, data, *outcome(host, data))
                for op_hash, data in self.state.ops[host].items()
            ]
        failures: dict[tuple[str, str], str] = {
            (task, name): why for task, name, why in host.connector_data.get("failures", [])
        }
        known = {(operation.task, operation.name) for operation in operations}
        # What failed within a task ended it, perhaps: then the task itself has nothing to add
        known |= {(each.task, READ) for each in operations if each.outcome == "failed"}
        return (
            [
                operation._replace(detail=_reason(operation, failures))
                if operation.outcome == "failed"
                else operation
                for operation in operations
            ]
            + [
                Operation(task, name, "failed", 0.0, self._complaints.of(host) or why)
                for (task, name), why in failures.items()
                if (task, name) not in known
            ]
            + [
                Operation(problem.extension, problem.what, "failed", 0.0, problem.why[:MAX_DETAIL])
                for problem in host.connector_data.get(PROBLEMS, [])
            ]
        )

    @cached_property
    def _code(self) -> CodeType:
        source = paths.PROJECT / "deploy.py"
        return compile(source.read_bytes(), str(source), "exec")

    def _converged(self, host: Host, data: StateOperationHostData) -> tuple[str, str]:
        meta = data.operation_meta
        if meta.is_complete() and not meta.did_error():
            if not meta.did_change():
                return "unchanged", ""
            return "changed", _words(_planned(host, data).changes)
        output = (meta.stderr_lines or meta.stdout_lines) if meta.is_complete() else []
        end = ended.of(host, meta._hash)  # noqa: SLF001 - pyinfra's key
        place = _place(host, meta._hash)  # noqa: SLF001 - likewise
        if words.lines("\n".join(output)):
            why = words.said(output)
        else:
            why = place.complaint if place.line else self._complaints.of(host)
            why = why or (words.ended(*end) if end else "")
        return "failed", f"{why or words.ended('', None)} ({place.line})" if place.line else why

    def _checked(self, host: Host, data: StateOperationHostData) -> tuple[str, str]:
        if not data.operation_meta.will_change:
            return "unchanged", ""
        changes, commands = _planned(host, data)
        commands = commands or list(data.command_generator())
        if complaints := [each.complaint for each in commands if hasattr(each, "complaint")]:
            return "failed", "; ".join(complaints)
        if not changes:  # an operation that is not ours, in an extended image's task
            changes = [Change(str(data.global_arguments["name"] or "it"), "change", is_act=True)]
        more = shown(changes, commands) if self.is_verbose else []
        return "changed", "\n".join([_words(changes, is_check=True), *more])

    def _operation(
        self, host: Host, op_hash: str, data: StateOperationHostData, outcome: str, detail: str
    ) -> Operation:
        title = self.state.title(host, op_hash, data.global_arguments["name"])
        seconds = self._clock.seconds(host, op_hash)
        if outcome != "changed":
            detail = detail[:MAX_DETAIL]
        return Operation(*title, outcome, seconds, detail)


class _State(State):
    """
    A state for one host after the other, or many at the same time that know nothing of each other.
    """

    def __init__(self, *, check_for_changes: bool) -> None:
        super().__init__(check_for_changes=check_for_changes)
        self._deploys: dict[tuple[Host, str], str] = {}

    def fail_hosts(self, hosts_to_fail: set[Host], _activated_count: int | None = None) -> None:
        """
        End the host's own work; pyinfra's lets its deploy code run on while others are left.
        """
        if hosts_to_fail:
            raise PyinfraError("a fact could not be read")

    def set_op_data_for_host(
        self, host: Host, op_hash: str, op_data: StateOperationHostData
    ) -> None:
        """
        Keep, too, of which deploy the operation is. Only now pyinfra can tell it for one host.
        """
        super().set_op_data_for_host(host, op_hash, op_data)
        self._deploys[host, op_hash] = host.current_deploy_name or ""

    def title(self, host: Host, op_hash: str, name: str | None) -> tuple[str, str]:
        """
        Return an operation's task and name.

        Hosts whose tasks differ share an entry, and its names are those of all of them.

        + name: as its call has it; None where that has none, and pyinfra has made one
        """
        prefix = f"{deploy} | " if (deploy := self._deploys[host, op_hash]) else ""
        full = prefix + name if name else self._made(op_hash, prefix)
        if not prefix:
            return "deploy", full
        task, _, rest = full.partition(" | ")
        return task, rest

    def _made(self, op_hash: str, prefix: str) -> str:
        names = sorted(self.get_op_meta(op_hash).names)
        return next(each for each in names if each.startswith(prefix))


def _place(host: Host, op_hash: str) -> Place:
    """
    Return where in an extension's files an operation failed; an empty one for ours.
    """
    places: dict[str, Place] = host.connector_data.get(PLACES, {})
    return places.get(op_hash, Place("", ""))


def _planned(host: Host, data: StateOperationHostData) -> Planned:
    operations: dict[str, Planned] = host.connector_data[PLAN].operations
    return operations.get(data.operation_meta._hash, Planned([], []))  # noqa: SLF001 - pyinfra's key


def _reason(operation: Operation, failures: Mapping[tuple[str, str], str]) -> str:
    """
    Return why an operation failed: in its own words, else in those of what ended it.
    """
    why = operation.detail or failures.get(operation[:2], "")
    return why[:MAX_DETAIL] or words.ended("", None)


def _words(changes: Sequence[Change], *, is_check: bool = False) -> str:
    return "\n".join(change.line(is_check=is_check) for change in changes)


def refused(host: Host) -> list[Operation]:
    """
    Return, under SLIPWAY_STRICT, the failed operation that refused values are; else nothing.
    """
    loaded: Loaded = host.data.loaded
    if not (loaded.settings.strict and loaded.refusals):
        return []
    detail = "; ".join(map(str, loaded.refusals))
    return [Operation("Container", "accept its settings", "failed", 0.0, detail)]


def report(host: Host, operations: list[Operation], *, begun: Begun) -> Report:
    """
    Return the report of a host's run until now. Little is known of a host that was never reached.
    """
    loaded: Loaded = host.data.get("loaded") or load({})
    at = dt.datetime.fromtimestamp(begun.at, dt.timezone.utc)
    done = Report(
        phase=host.data.get("phase", "start"),
        started_at=at.isoformat(timespec="milliseconds"),
        seconds=round(time.monotonic() - begun.monotonic, 4),
        operations=operations,
        refusals=list(loaded.refusals),
        degraded=list(host.connector_data.get("degraded", [])),
        settings={row.name: Setting(row.value, row.source) for row in loaded.table()},
        services=host.data.get("services", True),
        boot=host.data.get("boot", ""),
        notes=[*loaded.notes, *host.connector_data.get("notes", [])],
    )
    within: Report | None = host.connector_data.get(WITHIN)
    return done.including(within) if within else done
