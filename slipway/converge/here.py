"""
One pyinfra run against this container, through pyinfra's API, without its command line.

Converging runs operations as they are called: each fact is read once, when it is needed. Checking
asks every operation for the commands it would run and runs none of them.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timezone
from typing import Any, NamedTuple

from pyinfra.api import Config, Inventory, State
from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.host import Host
from pyinfra.api.state import StateOperationHostData, StateStage
from pyinfra.context import ctx_config, ctx_host, ctx_inventory, ctx_state

from slipway.contract import paths, report
from slipway.contract.report import Operation, Report, Setting
from slipway.converge.clock import MAX_DETAIL, Clock, Complaints
from slipway.converge.timings import Timings
from slipway.environment import host_data
from slipway.settings.load import Loaded
from slipway.system import atomic


class _Run(NamedTuple):
    """
    A prepared pyinfra state for one host.
    """

    state: State
    host: Host
    clock: Clock
    complaints: Complaints


def converge(
    phase: str,
    *,
    services: bool | None = None,
    keep_stopped: bool = False,
    beside_supervisord: bool = False,
    timings: Timings | None = None,
) -> Report:
    """
    Bring the container to its desired state; a second one at the same time waits for the first.

    A failed operation ends its task, not the run: it is in the report. A run that is cut off leaves
    its mark, by which health knows.

    + services: whether supervisord is expected to run; None: as until now in this start
    + keep_stopped: leave alone what somebody stopped by hand: nobody has asked for this convergence
    + beside_supervisord: it has been started just now, and is waited for
    + timings: takes down where the time goes
    """
    asked = time.monotonic()
    with atomic.lock(paths.LOCK):
        began, started = time.monotonic(), datetime.now(timezone.utc)
        if services is None:
            services = report.expects_services(report.load(), report.boot())
        data = {
            **host_data.data(phase),
            "keep_stopped": keep_stopped,
            "beside_supervisord": beside_supervisord,
        }
        if data["live"]:
            paths.UNFINISHED.touch()
        run = _prepare(data, StateStage.Execute)
        if timings:
            timings.watch(run.state, run.host, asked=asked, began=began)
        _load_deploy(run)
        if timings:
            timings.end()
        operations = [
            _converged(run, op_hash, data) for op_hash, data in run.state.ops[run.host].items()
        ]
        result = _report(
            run, data, operations, began=began, started=started, services=services and data["live"]
        )
        if data["live"]:
            result.save()
            paths.UNFINISHED.unlink(missing_ok=True)
    return result


def check() -> Report:
    """
    Find what a convergence would change, changing nothing.
    """
    began, started = time.monotonic(), datetime.now(timezone.utc)
    data = host_data.data("start")
    run = _prepare(data, StateStage.Prepare)
    _load_deploy(run)
    operations = [_checked(run, op_hash, data) for op_hash, data in run.state.ops[run.host].items()]
    return _report(run, data, operations, began=began, started=started, services=True)


@contextmanager
def connected() -> Iterator[tuple[Host, Loaded]]:
    """
    Give this container as a pyinfra host, to ask facts of, with its Settings.
    """
    data = host_data.data("start")
    run = _prepare(data, StateStage.Prepare)
    with ctx_host.use(run.host):
        yield run.host, data["loaded"]


def _prepare(data: dict[str, Any], stage: StateStage) -> _Run:
    complaints = Complaints()
    complaints.listen()
    inventory = Inventory(([("@live", data)], {}))
    config = Config(TEMP_DIR="/tmp", SHELL=None)  # noqa: S108 - unused: @live writes in place
    state = State(check_for_changes=stage is StateStage.Prepare)
    state.cwd = str(paths.PROJECT)
    ctx_state.set(state)
    ctx_config.set(config)
    ctx_inventory.set(inventory)
    state.init(inventory, config)
    clock = Clock()
    state.add_callback_handler(clock)
    (host,) = inventory
    host.connect()
    state.activate_host(host)
    state.set_stage(stage)
    state.is_executing = stage is StateStage.Execute
    return _Run(state, host, clock, complaints)


def _load_deploy(run: _Run) -> None:
    with ctx_host.use(run.host):
        try:
            importlib.import_module("deploy")
        except PyinfraError as error:  # outside of any task: only a check gets here
            run.host.connector_data.setdefault("failures", []).append(("deploy", str(error)))


def _converged(run: _Run, op_hash: str, data: StateOperationHostData) -> Operation:
    meta = data.operation_meta
    if not meta.is_complete():
        outcome, detail = "failed", " ".join(run.complaints.lines)
    elif meta.did_error():
        outcome = "failed"
        detail = " ".join(meta.stderr_lines or meta.stdout_lines or run.complaints.lines)
    else:
        outcome, detail = ("changed" if meta.did_change() else "unchanged"), ""
    seconds = run.clock.seconds(run.host, op_hash)
    return _operation(run, op_hash, outcome=outcome, seconds=seconds, detail=detail)


def _checked(run: _Run, op_hash: str, data: StateOperationHostData) -> Operation:
    with ctx_host.use(run.host):
        commands = [str(command) for command in data.command_generator()]
    outcome = "changed" if commands else "unchanged"
    return _operation(run, op_hash, outcome=outcome, seconds=0.0, detail="; ".join(commands))


def _operation(run: _Run, op_hash: str, *, outcome: str, seconds: float, detail: str) -> Operation:
    task, _, name = next(iter(run.state.get_op_meta(op_hash).names)).partition(" | ")
    return Operation(task, name, outcome, seconds, detail[:MAX_DETAIL])


def _report(  # noqa: PLR0913 - what a report says of a run
    run: _Run,
    data: dict[str, Any],
    operations: list[Operation],
    *,
    began: float,
    started: datetime,
    services: bool,
) -> Report:
    noted = run.host.connector_data
    detail = " ".join(run.complaints.lines)[:MAX_DETAIL]
    recorded = {operation.task for operation in operations if operation.outcome == "failed"}
    operations += [
        Operation(task, "read the facts", "failed", 0.0, detail or error)
        for task, error in noted.get("failures", [])
        if task not in recorded
    ]
    loaded = data["loaded"]
    return Report(
        phase=data["phase"],
        started_at=started.isoformat(timespec="milliseconds"),
        seconds=round(time.monotonic() - began, 4),
        operations=operations,
        refusals=list(loaded.refusals),
        degraded=list(noted.get("degraded", [])),
        settings={row.name: Setting(row.value, row.source) for row in loaded.table()},
        services=services,
        boot=report.boot(),
    )
