"""
Running containers, converged or checked from outside, all of them at once.

    python -m slipway.fleet.run [--check] [NAME...]

What `pyinfra @container/NAME deploy.py` does, in one phase and without pyinfra's command line: one
line a container, then what differs, fails or is refused. Exit codes are those of `slipway converge`
and `slipway check`.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from datetime import datetime, timezone
from types import CodeType
from typing import cast

from slipway.converge import light_pyinfra

if __name__ == "__main__":  # no other program's pyinfra
    light_pyinfra.install("container")

import gevent
from gevent.event import AsyncResult
from pyinfra.api import Config, Inventory, QuoteString, State, StringCommand
from pyinfra.api.exceptions import ConnectError, InventoryError, PyinfraError
from pyinfra.api.host import Host
from pyinfra.api.state import StateOperationHostData, StateStage
from pyinfra.context import ctx_config, ctx_host, ctx_inventory, ctx_state

from slipway.connectors.container import ContainerConnector
from slipway.contract import paths
from slipway.contract.report import Operation, Report, Setting
from slipway.converge.clock import MAX_DETAIL, Clock, Complaints
from slipway.fleet.read_ahead import ReadAhead
from slipway.settings.load import Loaded, load
from slipway.system.atomic import temporary

EX_USAGE = 64  # sysexits.h
EX_INTERRUPTED = 130  # as a shell says it
# A convergence that is cut off leaves its mark, by which health knows
_BEGIN = StringCommand(f"[ ! -w {paths.RUN} ] || : > {paths.UNFINISHED}")
_PATIENCE = 5.0  # seconds: the first container may wait for a convergence of its own


class _State(State):
    """
    A state in which a host that fails ends its own work; pyinfra's lets its deploy code run on.
    """

    def fail_hosts(self, hosts_to_fail: set[Host], _activated_count: int | None = None) -> None:
        if hosts_to_fail:
            raise PyinfraError("a fact could not be read")


class Fleet:
    """
    One run over several containers.
    """

    def __init__(self, names: Sequence[str], *, check: bool = False) -> None:
        """
        Choose the containers. Raises InventoryError for a name that no container can have.

        + names: of running containers; none for every one of Slipway's image
        + check: only say what would change
        """
        self._check = check
        self._is_begun = False
        self._clock, self._complaints = Clock(), Complaints()
        self._complaints.listen()
        hosts = [f"@container/{name}" for name in names] if names else ["@container"]
        inventory, config = Inventory((hosts, {})), Config(TEMP_DIR="/tmp", SHELL=None)  # noqa: S108 - unused
        self._state = _State(check_for_changes=check)
        self._state.cwd = str(paths.PROJECT)
        ctx_state.set(self._state)
        ctx_config.set(config)
        ctx_inventory.set(inventory)
        self._state.init(inventory, config)
        self._state.add_callback_handler(self._clock)  # type: ignore[no-untyped-call]  # pyinfra
        self._state.set_stage(StateStage.Prepare if check else StateStage.Execute)
        self._state.is_executing = not check
        source = paths.PROJECT / "deploy.py"
        self._deploy = compile(source.read_bytes(), str(source), "exec")

    def run(self) -> dict[str, Report]:
        """
        Return each container's report; one that can't be reached has a failed operation `connect`.
        """
        asked: AsyncResult[list[str]] = AsyncResult()  # by the first container that is reached
        jobs = {
            host.name.removeprefix("@container/"): gevent.spawn(self._run, host, asked)
            for host in self._state.inventory
        }
        try:
            gevent.joinall(list(jobs.values()), raise_error=True)
        finally:
            gevent.killall(list(jobs.values()))  # an interrupt: no command goes on in a container
        return {name: job.value for name, job in jobs.items()}

    def _run(self, host: Host, asked: AsyncResult[list[str]]) -> Report:
        began, started = time.monotonic(), datetime.now(timezone.utc)

        def report(operations: list[Operation], boot: str = "") -> Report:
            loaded: Loaded = host.data.get("loaded") or load({})
            return Report(
                phase="start",
                started_at=started.isoformat(timespec="milliseconds"),
                seconds=round(time.monotonic() - began, 4),
                operations=operations,
                refusals=list(loaded.refusals),
                degraded=list(host.connector_data.get("degraded", [])),
                settings={row.name: Setting(row.value, row.source) for row in loaded.table()},
                services=host.data.get("services", True),
                boot=boot,
            )

        step = "connect"
        operations: list[Operation] = []
        try:
            host.connect(show_errors=False, raise_exceptions=True)
            self._state.activate_host(host)
            step = "converge"
            operations = self._operations(host, asked)
            done, step = report(operations, host.data.get("boot", "")), "report"
            if not self._check and host.data.get("is_ours"):
                _save(host, done)
        except Exception as error:  # noqa: BLE001 - what one container says costs no other its run
            failure = Operation("Container", step, "failed", 0.0, _reason(error))
            done = report([*operations, failure])
        finally:
            host.connector.disconnect()
        return done

    def _operations(self, host: Host, asked: AsyncResult[list[str]]) -> list[Operation]:
        loaded = host.data.get("loaded")
        if loaded is None or not host.data.is_ours:
            where = f"there is no {paths.INSTALLED} in it that could be read"
            return [Operation("Container", "find Slipway", "failed", 0.0, where)]
        if loaded.settings.strict and loaded.refusals:
            refused = "; ".join(map(str, loaded.refusals))
            return [Operation("Container", "accept its settings", "failed", 0.0, refused)]
        host.connector_data["lock"] = str(paths.LOCK)  # what is read ahead is read under it, too
        if not self._check:
            host.run_shell_command(_BEGIN)
        facts = ReadAhead(host, cast("ContainerConnector", host.connector))
        is_first, self._is_begun = not self._is_begun, True
        if is_first:
            try:
                return self._applied(host)
            finally:
                asked.set(list(facts.asked))
        facts.ask(asked.wait(_PATIENCE) or [])
        return self._applied(host)

    def _applied(self, host: Host) -> list[Operation]:
        with ctx_host.use(host):
            failures = _load(self._deploy, host)
            done = [
                self._operation(host, op_hash, data)
                for op_hash, data in self._state.ops[host].items()
            ]
        tasks = {operation.task for operation in done if operation.outcome == "failed"}
        return done + [
            Operation(task, "read the facts", "failed", 0.0, self._complaints.of(host) or error)
            for task, error in failures
            if task not in tasks
        ]

    def _operation(self, host: Host, op_hash: str, data: StateOperationHostData) -> Operation:
        meta, detail = data.operation_meta, ""
        if self._check:
            outcome = "changed" if meta.will_change else "unchanged"
            if meta.will_change:
                detail = "; ".join(str(command) for command in data.command_generator())
        elif not meta.is_complete() or meta.did_error():
            outcome = "failed"
            lines = (meta.stderr_lines or meta.stdout_lines) if meta.is_complete() else []
            detail = " ".join(lines) or self._complaints.of(host)
        else:
            outcome = "changed" if meta.did_change() else "unchanged"
        name = str(data.global_arguments["name"])
        # hosts whose tasks differ share an entry: its names are those of all of them
        task = next(
            task
            for task, _, each in (
                full.partition(" | ") for full in self._state.get_op_meta(op_hash).names
            )
            if each == name
        )
        seconds = self._clock.seconds(host, op_hash)
        return Operation(task, name, outcome, seconds, detail[:MAX_DETAIL])


def _load(deploy: CodeType, host: Host) -> list[tuple[str, str]]:
    """
    Run the deploy's code for the current host; returns the tasks that failed, and why.
    """
    try:
        exec(deploy, {"__name__": "deploy"})  # noqa: S102 - as pyinfra runs it, once a host
    except PyinfraError as error:  # outside of any task: only a check gets here
        return [("deploy", str(error))]
    failures: list[tuple[str, str]] = host.connector_data.get("failures", [])
    return failures


def _reason(error: Exception) -> str:
    if isinstance(error, (OSError, ConnectError)):
        return str(getattr(error, "strerror", None) or error)
    return f"{type(error).__name__}: {error}"


def _save(host: Host, report: Report) -> None:
    """
    Leave the report in the container: its health and status are those of the last convergence.

    It is everybody's to read, so it may be an argument, which spares the processes of `put_file`.
    """
    path, draft = str(paths.REPORT), temporary(str(paths.REPORT))
    is_done, output = host.run_shell_command(
        StringCommand(
            "umask 022; printf %s",
            QuoteString(report.to_bytes().decode()),
            f"> {draft} && mv -T {draft} {path}",
            f"&& rm -f {paths.UNFINISHED}",
        )
    )
    if not is_done:
        raise OSError(output.stderr)


def lines(name: str, report: Report, *, check: bool) -> list[str]:
    """
    Say of one container what was done, or would be.
    """
    if not check:
        return [f"{name}: {line}" for line in report.summary()]
    return (
        [f"{name}: checked in {report.seconds:.2f} s: {report.counts}"]
        + [
            f"{name}: {each.outcome}: {each}"
            for each in report.operations
            if each.outcome in ("changed", "failed")
        ]
        + [f"{name}: refused: {entry}" for entry in report.refusals]
    )


def main(arguments: Sequence[str]) -> int:
    """
    Run the command; returns its exit code.
    """
    parser = argparse.ArgumentParser(
        prog="slipway.fleet.run", description="Converge or check running containers from outside."
    )
    parser.add_argument("--check", action="store_true", help="change nothing, say what would be")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument("names", nargs="*", metavar="NAME", help="containers; all by default")
    try:
        options = parser.parse_args(arguments)
    except SystemExit as end:
        return EX_USAGE if end.code else 0
    began = time.monotonic()
    try:
        reports = Fleet(options.names, check=options.check).run()
    except InventoryError as error:
        print(f"slipway.fleet.run: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return EX_INTERRUPTED
    if options.json:
        document = {name: report.to_json() for name, report in reports.items()}
        print(json.dumps(document, indent=1, ensure_ascii=False, default=str))
    else:
        for name, report in reports.items():
            print(*lines(name, report, check=options.check), sep="\n")
        changed = sum(bool(report.totals["changed"]) for report in reports.values())
        failed = sum(bool(report.failed) for report in reports.values())
        print(
            f"{len(reports)} containers in {time.monotonic() - began:.2f} s: "
            f"{changed} {'differ' if options.check else 'changed'}, {failed} failed"
        )
    if any(report.failed for report in reports.values()):
        return 1
    return 2 if options.check and any(r.totals["changed"] for r in reports.values()) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
