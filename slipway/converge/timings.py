"""
Where the time of a convergence goes: import, connect, and what each operation asks and runs.

The rows add up to the run: what waiting for another convergence took, and the deploy's own code,
have theirs.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from pyinfra.api import State
from pyinfra.api.host import Host
from pyinfra.api.state import BaseStateCallback

_ELSEWHERE = "outside of operations"


class Spent:
    """
    One operation's share: seconds in all, and how many facts and commands took how many of them.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self.facts, self.fact_seconds = 0, 0.0
        self.commands, self.command_seconds = 0, 0.0

    @property
    def total(self) -> float:
        """
        Return all of its seconds; outside of operations only facts and commands are timed.
        """
        return self.seconds or self.fact_seconds + self.command_seconds

    def to_json(self) -> dict[str, Any]:
        """
        Return counts and milliseconds.
        """
        return {
            "ms": _ms(self.total),
            "facts": {"count": self.facts, "ms": _ms(self.fact_seconds)},
            "commands": {"count": self.commands, "ms": _ms(self.command_seconds)},
        }


class Timings(BaseStateCallback):
    """
    Takes the times of one run. Its clock is time.monotonic(), in seconds.

    + began: when the process began to import what it needs
    """

    def __init__(self, began: float) -> None:
        self._began = self._operation_began = began
        self._state: State | None = None
        self._now_in = _ELSEWHERE
        self._in_fact = False
        self.import_seconds = self.wait_seconds = self.connect_seconds = 0.0
        self._deploy_seconds = 0.0
        self.operations: dict[str, Spent] = {}

    def watch(self, state: State, host: Host, *, asked: float, began: float) -> None:
        """
        Begin: everything is imported, and the host is connected.

        + asked: when the run was asked for, before it waited for another one
        + began: when it began, before it connected
        """
        self.import_seconds, self.wait_seconds = asked - self._began, began - asked
        self.connect_seconds = time.monotonic() - began
        self._watched = time.monotonic()
        self._state = state
        state.add_callback_handler(self)
        spied: Any = host
        spied.get_fact = self._fact(host.get_fact)
        spied.run_shell_command = self._command(host.run_shell_command)
        spied.put_file = self._command(host.put_file)

    def end(self) -> None:
        """
        End: the deploy's code has run.
        """
        self._deploy_seconds = time.monotonic() - self._watched

    @property
    def code_seconds(self) -> float:
        """
        Return what the deploy took besides operations: importing the tasks, and their own code.
        """
        return self._deploy_seconds - sum(spent.total for spent in self.operations.values())

    # pyinfra declares its callbacks static and calls them on the instance
    def operation_host_start(  # type: ignore[override]
        self, state: State, _host: Host, op_hash: str
    ) -> None:
        """Give what comes now to this operation."""
        self._now_in = next(iter(state.get_op_meta(op_hash).names)).replace(" | ", ": ")
        self._operation_began = time.monotonic()

    def operation_host_success(  # type: ignore[override]
        self, _state: State, _host: Host, _op_hash: str, _retries: int = 0
    ) -> None:
        """Close this operation."""
        self._spent().seconds += time.monotonic() - self._operation_began
        self._now_in = _ELSEWHERE

    def operation_host_error(  # type: ignore[override]
        self, state: State, host: Host, op_hash: str, retry: int = 0, _most: int = 0
    ) -> None:
        """Close it as well."""
        self.operation_host_success(state, host, op_hash, retry)

    def to_json(self) -> dict[str, Any]:
        """
        Return what was taken, in milliseconds.
        """
        return {
            "import_ms": _ms(self.import_seconds),
            "wait_ms": _ms(self.wait_seconds),
            "connect_ms": _ms(self.connect_seconds),
            "deploy_code_ms": _ms(self.code_seconds),
            "operations": {name: spent.to_json() for name, spent in self.operations.items()},
        }

    def lines(self) -> list[str]:
        """
        Return a table: milliseconds, then counts and milliseconds of facts and of commands.
        """
        width = max(map(len, [*self.operations, "wait for another convergence"]))
        rows = [f"{'':{width}}       ms   facts     ms   commands     ms"]
        for name, seconds in (
            ("import", self.import_seconds),
            ("wait for another convergence", self.wait_seconds),
            ("connect", self.connect_seconds),
            ("the deploy's own code", self.code_seconds),
        ):
            rows.append(f"{name:{width}} {seconds * 1000:8.1f}")
        for name, spent in self.operations.items():
            rows.append(
                f"{name:{width}} {spent.total * 1000:8.1f} {spent.facts:7} "
                f"{spent.fact_seconds * 1000:6.1f} {spent.commands:10} "
                f"{spent.command_seconds * 1000:6.1f}"
            )
        return rows

    def _spent(self) -> Spent:
        return self.operations.setdefault(self._now_in, Spent())

    def _fact(self, ask: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any, **keywords: Any) -> Any:
            began, self._in_fact = time.monotonic(), True
            try:
                return ask(*arguments, **keywords)
            finally:
                self._in_fact = False
                spent = self._spent()
                spent.facts += 1
                spent.fact_seconds += time.monotonic() - began

        return timed

    def _command(self, run: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any, **keywords: Any) -> Any:
            if self._in_fact:
                return run(*arguments, **keywords)
            began = time.monotonic()
            try:
                return run(*arguments, **keywords)
            finally:
                spent = self._spent()
                spent.commands += 1
                spent.command_seconds += time.monotonic() - began

        return timed


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)
