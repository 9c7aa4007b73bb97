"""
supervisord: its programs, and what its configuration files would change.
"""

from __future__ import annotations

from typing import NamedTuple

from pyinfra.api import FactBase, QuoteString, StringCommand

from slipway import unixhttp, xmlrpc
from slipway.inside import Inside, Result
from slipway.paths import SUPERVISOR_SOCKET

UP = {"STARTING", "RUNNING", "BACKOFF"}  # supervisord is at it: a start would be refused
_PATIENCE = 15  # seconds: a program that is stopped may take its time


class Program(NamedTuple):
    """
    One supervised program, by the name of its group.
    """

    state: str
    pid: int


class Supervisord(NamedTuple):
    """
    A running supervisord.
    """

    programs: dict[str, Program]
    added: list[str]
    changed: list[str]
    removed: list[str]
    broken: str  # why its configuration can't be read again; "" where it can


def rpc(calls: list[xmlrpc.Call]) -> StringCommand:
    """
    Return the command that makes calls through the socket; a fault in any fails it.
    """
    # fmt: off
    return StringCommand(
        "curl", "--silent", "--show-error", "--max-time", str(_PATIENCE),
        "--unix-socket", QuoteString(str(SUPERVISOR_SOCKET)),
        "--header", "'Content-Type: text/xml'",
        "--data-binary", QuoteString(xmlrpc.request(calls)), "http://localhost/RPC2",
    )
    # fmt: on


def asked(calls: list[xmlrpc.Call]) -> Result:
    """
    Do what the command of `rpc` does.
    """
    body = xmlrpc.request(calls).encode()
    try:
        _, answer = unixhttp.post(
            SUPERVISOR_SOCKET, "/RPC2", body, kind="text/xml", timeout=_PATIENCE
        )
    except OSError as error:
        return Result(b"", f"{SUPERVISOR_SOCKET}: {error}\n".encode(), code=7)  # as curl exits
    return Result(answer)


class SupervisordState(FactBase["Supervisord | None"]):
    """
    Returns supervisord's programs and pending changes; None where none runs (an image build).

    `reloadConfig` reads the files and reports; it applies nothing.
    """

    def command(self) -> StringCommand:
        """Ask all of it in one request."""
        calls: list[xmlrpc.Call] = [
            ("supervisor.getAllProcessInfo", ()),
            ("supervisor.reloadConfig", ()),
        ]
        command = StringCommand(rpc(calls), "2>/dev/null", "||", "true")
        return Inside(command, lambda: Result(asked(calls).stdout))

    def process(self, output: list[str]) -> Supervisord:
        """Unmarshal the answer."""
        processes, pending = xmlrpc.results("\n".join(output))
        broken = pending.faultString if isinstance(pending, xmlrpc.Fault) else ""
        ((added, changed, removed),) = [[[], [], []]] if broken else pending
        programs = {
            process["group"]: Program(process["statename"], process["pid"]) for process in processes
        }
        return Supervisord(programs, added, changed, removed, broken)
