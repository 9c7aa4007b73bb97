"""
supervisord: its programs, and what its configuration files would change.
"""

from __future__ import annotations

import time
from typing import Any, NamedTuple

from pyinfra.api import FactBase, QuoteString, StringCommand
from pyinfra.context import ctx_host

from slipway.connectors.native import Inside, Result
from slipway.contract.paths import SUPERVISOR_SOCKET
from slipway.system import supervisor_rpc, unix_http

UP = {"STARTING", "RUNNING", "BACKOFF"}  # supervisord is at it: a start would be refused
_START = 10.0  # seconds until a supervisord that was started must answer: a hundred times its usual
_PATIENCE = 60  # seconds: a remote that is taken away uploads first what waits


class Program(NamedTuple):
    """
    One supervised process.
    """

    state: str
    pid: int
    autostart: bool = True  # supervisord starts it itself when it comes to know it


class Supervisord(NamedTuple):
    """
    A running supervisord.
    """

    programs: dict[str, Program]  # by name, or GROUP:NAME where its group is called otherwise
    added: list[str]  # groups, as the next two
    changed: list[str]
    removed: list[str]
    broken: str  # why its configuration can't be read again; "" where it can
    down: tuple[str, ...] = ()  # programs that start with the container and are down


def rpc(calls: list[supervisor_rpc.Call]) -> StringCommand:
    """
    Return the command that makes calls through the socket; a fault in any fails it.
    """
    # fmt: off
    return StringCommand(
        "curl", "--silent", "--show-error", "--max-time", str(_PATIENCE),
        "--unix-socket", QuoteString(str(SUPERVISOR_SOCKET)),
        "--header", "'Content-Type: text/xml'",
        "--data-binary", QuoteString(supervisor_rpc.request(calls)), "http://localhost/RPC2",
    )
    # fmt: on


def asked(calls: list[supervisor_rpc.Call]) -> Result:
    """
    Do what the command of `rpc` does.
    """
    body = supervisor_rpc.request(calls).encode()
    deadline = time.monotonic() + (_START if _is_coming() else 0.0)
    while True:
        try:
            _, answer = unix_http.post(
                SUPERVISOR_SOCKET, "/RPC2", body, kind="text/xml", timeout=_PATIENCE
            )
        except OSError as error:  # noqa: PERF203 - a few dozen rounds at most
            # no socket yet, or one of before a restart
            is_early = isinstance(error, (FileNotFoundError, ConnectionRefusedError))
            if not is_early or time.monotonic() > deadline:
                complaint = f"{SUPERVISOR_SOCKET}: {error}\n"
                return Result(b"", complaint.encode(), code=7)  # as curl exits
            time.sleep(0.005)  # it appears, and nothing tells when
        else:
            return Result(answer)


def _is_coming() -> bool:
    """
    Tell whether supervisord starts beside this convergence, which may be the faster of the two.
    """
    return bool(ctx_host.isset() and ctx_host.get().data.get("beside_supervisord"))


class SupervisordState(FactBase["Supervisord | None"]):
    """
    Returns supervisord's programs and pending changes; None where none runs (an image build).

    `reloadConfig` reads the files and reports; it applies nothing.
    """

    def command(self) -> StringCommand:
        """Ask all of it in one request."""
        calls: list[supervisor_rpc.Call] = [
            ("supervisor.getAllProcessInfo", ()),
            ("supervisor.reloadConfig", ()),
        ]
        command = StringCommand(rpc(calls), "2>/dev/null", "||", "true")
        return Inside(command, lambda: Result(asked(calls).stdout))

    def process(self, output: list[str]) -> Supervisord | None:
        """Unmarshal the answer; one that is ending answers nothing, and has nothing to be told."""
        processes, pending = supervisor_rpc.results("\n".join(output))
        if isinstance(processes, supervisor_rpc.Fault):
            if processes.faultCode != supervisor_rpc.SHUTDOWN_STATE:
                raise processes
            return None
        broken = pending.faultString if isinstance(pending, supervisor_rpc.Fault) else ""
        ((added, changed, removed),) = [[[], [], []]] if broken else pending
        programs = {
            _name(process): Program(
                process["statename"], process["pid"], process.get("autostart", True)
            )
            for process in processes
        }
        down = tuple(_name(process) for process in processes if _is_down(process))
        return Supervisord(programs, added, changed, removed, broken, down)


def _name(process: dict[str, Any]) -> str:
    """
    Return what supervisorctl calls it.
    """
    group, name = process["group"], process["name"]
    return str(name) if group == name else f"{group}:{name}"


def _is_down(process: dict[str, Any]) -> bool:
    """
    Tell whether a program has been stopped by hand, or given up, that would start with supervisord.
    """
    state, began = process["statename"], process.get("start", 0)
    return bool(process.get("autostart") and began and state in ("STOPPED", "FATAL"))
