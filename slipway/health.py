"""
`slipway health`: cheap, bounded, and honest about this start of the container.
"""

from __future__ import annotations

import socket
from typing import Any, NamedTuple

from slipway import keys, paths, remote_states, report, xmlrpc

TIMEOUT = 2.0  # seconds for each thing asked


class Verdict(NamedTuple):
    """
    Healthy or not, and one line that says why.
    """

    healthy: bool
    line: str


def examine() -> Verdict:
    """
    Compare what should run with what does.
    """
    last = report.load()
    if last is None or last.get("boot") != report.boot():
        return Verdict(False, "unhealthy: the convergence of this start has not ended")
    failed = [entry for entry in last["operations"] if entry["outcome"] == "failed"]
    if failed:
        first = failed[0]
        return Verdict(False, f"unhealthy: {first['task']}: {first['name']}: {first['detail']}")
    missing = {entry["feature"] for entry in last["degraded"]}
    if last["services"] and (complaint := _services(with_sshd="sshd" not in missing)):
        return Verdict(False, f"unhealthy: {complaint}")
    notes = [f"refused {entry['variable']}" for entry in last["refusals"]]
    notes += [f"degraded {entry['feature']}" for entry in last["degraded"]]
    notes += remote_states.notes(last["settings"]["WORKSPACE"]["value"])
    return Verdict(True, "healthy" + (f" ({', '.join(notes)})" if notes else ""))


def _services(*, with_sshd: bool) -> str:
    try:
        (processes,) = xmlrpc.call(
            paths.SUPERVISOR_SOCKET, [("supervisor.getAllProcessInfo", ())], timeout=TIMEOUT
        )
    except OSError as error:
        return f"supervisord does not answer: {error.strerror or error}"
    for process in processes:
        if process["statename"] in ("FATAL", "BACKOFF", "UNKNOWN", "EXITED") and _counts(process):
            why = process["spawnerr"] or f"see `slipway logs {process['name']}`"
            return f"{process['name']} is {process['statename']}: {why}"
    running = {process["name"] for process in processes if process["statename"] == "RUNNING"}
    stopped = {process["name"] for process in processes if process["statename"] == "STOPPED"}
    if with_sshd and _has_key():
        by_hand = "sshd" in stopped and _was_started(processes)
        if not by_hand and ("sshd" not in running or not _banner()):
            return "sshd does not answer"
    return ""


def _counts(process: dict[str, Any]) -> bool:
    """
    Leave remotes out: one that is down is a note, not a reason to restart the container.
    """
    return not str(process["name"]).startswith("remote-") and not (
        process["statename"] == "EXITED" and process["exitstatus"] == 0
    )


def _was_started(processes: list[dict[str, Any]]) -> bool:
    """
    Tell whether sshd ran in this supervisord before: STOPPED then means by hand.
    """
    return any(process["name"] == "sshd" and process["start"] for process in processes)


def _has_key() -> bool:
    try:
        return keys.any_valid(paths.AUTHORIZED_KEYS.read_bytes())
    except OSError:
        return False


def _banner() -> bool:
    try:
        with socket.create_connection(("127.0.0.1", 22), TIMEOUT) as connection:
            return bool(connection.recv(4) == b"SSH-")
    except OSError:
        return False
