"""
supervisord: its programs, and what its configuration files would change.
"""

from __future__ import annotations

from typing import Any, NamedTuple
from xmlrpc.client import Fault

from pyinfra.api import FactBase, QuoteString, StringCommand

from slipway import xmlrpc
from slipway.paths import SUPERVISOR_SOCKET

UP = {"STARTING", "RUNNING", "BACKOFF"}  # supervisord is at it: a start would be refused


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
    down: tuple[str, ...] = ()  # groups of which a program that starts with the container is down


def rpc(calls: list[xmlrpc.Call]) -> StringCommand:
    """
    Return the command that makes calls through the socket; a fault in any fails it.
    """
    # fmt: off
    return StringCommand(
        "curl", "--silent", "--show-error", "--max-time", "15",
        "--unix-socket", QuoteString(str(SUPERVISOR_SOCKET)),
        "--header", "'Content-Type: text/xml'",
        "--data-binary", QuoteString(xmlrpc.request(calls)), "http://localhost/RPC2",
    )
    # fmt: on


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
        return StringCommand(rpc(calls), "2>/dev/null", "||", "true")

    def process(self, output: list[str]) -> Supervisord:
        """Unmarshal the answer."""
        processes, pending = xmlrpc.results("\n".join(output))
        broken = pending.faultString if isinstance(pending, Fault) else ""
        ((added, changed, removed),) = [[[], [], []]] if broken else pending
        programs = {
            process["group"]: Program(process["statename"], process["pid"]) for process in processes
        }
        down = {process["group"]: None for process in processes if _is_down(process)}
        return Supervisord(programs, added, changed, removed, broken, tuple(down))


def _is_down(process: dict[str, Any]) -> bool:
    """
    Tell whether a program has been stopped by hand, or given up, that would start with supervisord.
    """
    state, began = process["statename"], process.get("start", 0)
    return bool(process.get("autostart") and began and state in ("STOPPED", "FATAL"))
