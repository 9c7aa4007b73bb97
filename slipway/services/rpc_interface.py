"""
supervisord's remote control, where stopping means stopped.

supervisorctl's `stop` of a program that supervisord has given up on, or is about to start again,
answers that it is not running, and the program comes back. Here it is stopped, as design and user
mean it: until somebody starts it. What is told of each program besides is what health needs to
know, and `stop` keeps its meaning for a group and for `all`.
"""

from __future__ import annotations

import time
from typing import Any

from supervisor.rpcinterface import (
    SupervisorNamespaceRPCInterface,
    isRunning,
    make_allfunc,
)
from supervisor.states import ProcessStates
from supervisor.xmlrpc import Faults, RPCError

from slipway.services import log_file
from slipway.services.comeback import comes_back, is_steady, left_running, life_of
from slipway.services.program_file import plain
from slipway.services.shutdown import is_remote


class Interface(SupervisorNamespaceRPCInterface):  # type: ignore[misc]  # it has no annotations
    """
    The namespace `supervisor` of https://supervisord.org/api.html; its names are that API's.
    """

    def getProcessInfo(self, name: str) -> dict[str, Any]:  # noqa: N802
        """Add what health and the facts have to know of it."""
        info: dict[str, Any] = super().getProcessInfo(name)
        _, process = self._getGroupAndProcess(name)
        return {
            **{
                key: plain(value) if isinstance(value, str) else value
                for key, value in info.items()
            },
            "autostart": bool(process.config.autostart),
            "ends": life_of(process).ends,
            "expected": process.exitstatus in process.config.exitcodes,
            "is_job": not process.config.autorestart,
            "left": left_running(process),
            "remote": is_remote(process),
            "steady": is_steady(process, time.monotonic()),
        }

    def getProblems(self) -> dict[str, list[Any]]:  # noqa: N802
        """Tell which files are left out, and what else is less than it should be."""
        self._update("getProblems")
        options = self.supervisord.options
        lost = [f"{path}: {why}, its lines are lost" for path, why in log_file.troubles().items()]
        return {
            "left_out": [
                {"file": plain(file), "line": line, "reason": plain(reason)}
                for file, line, reason in options.problems
            ],
            "notes": [plain(note) for note in (*options.notes, *lost)],
        }

    def stopProcess(self, name: str, wait: bool = True) -> Any:  # noqa: FBT001, FBT002, N802
        """Stop a program, also one that is down and would come back."""
        self._update("stopProcess")
        _, process = self._getGroupAndProcess(name)
        if process is not None and process.state != ProcessStates.BACKOFF and _is_down(process):
            process.administrative_stop = True
            process.change_state(ProcessStates.STOPPED)
            return True
        return super().stopProcess(name, wait)

    def stopProcessGroup(self, name: str, wait: bool = True) -> Any:  # noqa: FBT001, FBT002, N802
        """Stop the programs of a group."""
        self._update("stopProcessGroup")
        group = self.supervisord.process_groups.get(name)
        if group is None:
            raise RPCError(Faults.BAD_NAME, name)
        return self._stop([(group, process) for process in sorted(group.processes.values())], wait)

    def stopAllProcesses(self, wait: bool = True) -> Any:  # noqa: FBT001, FBT002, N802
        """Stop every program."""
        self._update("stopAllProcesses")
        return self._stop(self._getAllProcesses(), wait)

    def _stop(self, processes: list[tuple[Any, Any]], wait: bool) -> Any:  # noqa: FBT001
        stop = make_allfunc(processes, _is_stoppable, self.stopProcess, wait=wait)
        stop.delay = 0.05
        stop.rpcinterface = self
        return stop  # supervisord calls it until all have ended


def _is_stoppable(process: Any) -> bool:
    return bool(isRunning(process)) or _is_down(process)


def _is_down(process: Any) -> bool:
    """
    Tell whether a program has no process though nobody has stopped it.
    """
    return bool(process.state == ProcessStates.FATAL) or comes_back(process)


def make(supervisord: Any, **_configuration: str) -> Interface:
    """
    Make it: supervisord.conf names this as its `rpcinterface_factory`.
    """
    return Interface(supervisord)
