"""
supervisord's remote control, where stopping means stopped.

supervisorctl's `stop` of a program that supervisord has given up on, or is about to start again,
answers that it is not running, and the program comes back. Here it is stopped, as design and user
mean it: until somebody starts it. What is told of each program besides is what health needs to
know, and `stop` keeps its meaning for a group and for `all`.
"""

from __future__ import annotations

import subprocess
import time
from typing import Any

from supervisor.rpcinterface import (
    SupervisorNamespaceRPCInterface,
    isRunning,
    make_allfunc,
)
from supervisor.states import ProcessStates
from supervisor.xmlrpc import NOT_DONE_YET, Faults, RPCError

from slipway.services import background, conditions, log_file
from slipway.services.comeback import comes_back, is_steady, left_running, life_of
from slipway.services.own_programs import is_remotes
from slipway.services.program_file import plain
from slipway.services.readiness import standing_of

_LOOK = 0.05  # seconds between two looks at what was asked for
_PATIENCE = 60.0  # seconds that a start by hand is waited for; the program goes on waiting


class Interface(SupervisorNamespaceRPCInterface):  # type: ignore[misc]  # it has no annotations
    """
    The namespace `supervisor` of https://supervisord.org/api.html; its names are that API's.
    """

    def getProcessInfo(self, name: str) -> dict[str, Any]:  # noqa: N802
        """Add what health and the facts have to know of it."""
        info: dict[str, Any] = super().getProcessInfo(name)
        _, process = self._getGroupAndProcess(name)
        condition = conditions.of(process, self.supervisord.options.order)
        if condition["condition"] == "waiting" and not process.laststart:
            info["description"] = "not started"
        return {
            **{
                key: plain(value) if isinstance(value, str) else value
                for key, value in info.items()
            },
            **condition,
            "autostart": bool(process.config.autostart),
            "ends": life_of(process).ends,
            "expected": process.exitstatus in process.config.exitcodes,
            "is_job": not process.config.autorestart,
            "left": left_running(process),
            "remote": is_remotes(process),
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
            "closed": self.supervisord.options.order.is_closed,
            "notes": [plain(note) for note in (*options.notes, *lost)],
        }

    def releasePrograms(self) -> bool:  # noqa: N802
        """Have declared programs start: their files are those of this start."""
        self._update("releasePrograms")
        self.supervisord.options.order.open()
        return True

    def admitPrograms(self) -> bool:  # noqa: N802
        """Have users' programs start: sshd has had its turn."""
        self._update("admitPrograms")
        self.supervisord.options.order.admit()
        return True

    def makeHostKey(self) -> bool:  # noqa: N802
        """Begin to make the host key that takes long."""
        self._update("makeHostKey")
        try:
            background.make_host_key()
        except (OSError, subprocess.SubprocessError, background.UnderWay) as error:
            raise RPCError(Faults.FAILED, f"the host key: {error}") from None
        return True

    def startProcess(self, name: str, wait: bool = True) -> Any:  # noqa: FBT001, FBT002, N802
        """
        Start a program, when those that it waits for are ready: slipway.services.order.

        Without waiting, as a convergence asks, it is as if it started by itself.
        """
        self._update("startProcess")
        _, process = self._getGroupAndProcess(name)
        order = self.supervisord.options.order
        if process is None or isRunning(process) or not order.ask(process, by_hand=wait):
            return super().startProcess(name, wait)
        if not wait:
            return True
        deadline = time.monotonic() + _PATIENCE

        def started() -> Any:
            if process.state == ProcessStates.RUNNING:
                return True
            is_coming = standing_of(process).asked or process.state == ProcessStates.STARTING
            if not is_coming or time.monotonic() > deadline:
                raise RPCError(Faults.ABNORMAL_TERMINATION, name)
            return NOT_DONE_YET

        started.delay = _LOOK  # type: ignore[attr-defined]  # supervisor's way
        started.rpcinterface = self  # type: ignore[attr-defined]  # likewise
        return started

    def stopProcess(self, name: str, wait: bool = True) -> Any:  # noqa: FBT001, FBT002, N802
        """Stop a program, also one that is down and would come back."""
        self._update("stopProcess")
        _, process = self._getGroupAndProcess(name)
        if process is not None and self._is_waiting(process):
            self.supervisord.options.order.withdraw(process)
            return True
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
        stop = make_allfunc(processes, self._is_stoppable, self.stopProcess, wait=wait)
        stop.delay = _LOOK
        stop.rpcinterface = self
        return stop  # supervisord calls it until all have ended

    def _is_waiting(self, process: Any) -> bool:
        """
        Tell whether a program that has no process waits for another.
        """
        is_stopped = process.state == ProcessStates.STOPPED
        return is_stopped and bool(self.supervisord.options.order.waits_for(process))

    def _is_stoppable(self, process: Any) -> bool:
        return bool(isRunning(process)) or _is_down(process) or self._is_waiting(process)


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
