"""
`slipway health`: cheap, bounded, and honest about this start of the container.
"""

from __future__ import annotations

import argparse
import os
import time
from typing import Any, NamedTuple

from slipway.commands import output
from slipway.contract import exits, paths, report
from slipway.environment import gpus, main_process
from slipway.remotes import states
from slipway.services import dependents, told
from slipway.settings.arguments import is_entrypoint
from slipway.ssh import banner, configuration, verdict
from slipway.system import locks
from slipway.system.alarm import ring_after
from slipway.system.counting import counted

TIMEOUT = 2.0  # seconds for each thing asked
BOUND = 4.0  # seconds for everything: HEALTHCHECK's timeout of five would leave nothing said
DOWN = {"FATAL", "BACKOFF", "UNKNOWN", "EXITED"}


class Verdict(NamedTuple):
    """
    Healthy or not, and one line that says why.
    """

    healthy: bool
    line: str


class Findings:
    """
    What is wrong, and what is worth a note.
    """

    def __init__(self) -> None:
        self.complaints: list[str] = []
        self.notes: list[str] = []
        self.moves = False  # something starts, ends or waits: it may be otherwise a moment later
        self.answered: list[tuple[str, int]] = []  # where sshd has shown its banner
        self.with_login = False  # whether root can log in has been asked
        self.deadline = time.monotonic() + BOUND


class TooLate(Exception):  # noqa: N818 - not an OSError, which would be taken for an answer
    """
    The bound is reached.
    """


def arguments(parser: argparse.ArgumentParser) -> None:
    """
    Declare them.
    """
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    parser.add_argument(
        "--kept",
        action="store_true",
        help="for probes: the last verdict, while supervisord sees nothing of it change",
    )
    parser.add_argument("--keep", action="store_true", help=argparse.SUPPRESS)


def run(options: argparse.Namespace) -> int:
    """
    Print the verdict.
    """
    findings = Findings()
    said = examine(findings)
    if options.keep and said.healthy and not findings.moves:
        from slipway.commands import keeping  # noqa: PLC0415 - only supervisord asks for it

        keeping.keep(said.line, sshd=findings.answered, with_login=findings.with_login)
    output.show(said._asdict() if options.json else None, [said.line])
    return exits.OK if said.healthy else exits.FAILED


def examine(findings: Findings | None = None) -> Verdict:
    """
    Compare what should run with what does. Raises PermissionError for anybody but root.

    What is known when the bound is reached is said.

    + findings: where it is taken down
    """
    findings = findings or Findings()
    try:
        with ring_after(BOUND, TooLate()):
            _examine(findings)
    except TooLate:
        if not findings.complaints:
            findings.complaints.append(f"no verdict after {BOUND:.0f} s")
    if findings.complaints:
        return Verdict(False, f"unhealthy: {'; '.join(dict.fromkeys(findings.complaints))}")
    notes = findings.notes
    return Verdict(True, "healthy" + (f" ({', '.join(notes)})" if notes else ""))


def _examine(findings: Findings) -> None:
    """
    Find all that is wrong, and what is worth a note in a healthy container.
    """
    last = report.load()
    is_converging = findings.moves = locks.is_held(paths.LOCK)
    if last is None or last.boot != report.boot():
        findings.complaints.append(_unstarted(is_converging=is_converging))
        return
    if paths.UNFINISHED.exists() and not is_converging:
        findings.complaints.append("a convergence was cut off half-way: run `slipway converge`")
    # what is left out now is asked below: a file may be mended since
    failed = [each for each in last.failed if not each.detail.startswith(told.LEFT_OUT)]
    findings.complaints += map(str, failed)
    if gpu := gpus.lost(paths.DEVICES):
        findings.complaints.append(f"GPU: {gpu}")
    findings.notes += [f"refused {refusal.variable}" for refusal in last.refusals]
    findings.notes += [f"degraded {entry.feature}" for entry in last.degraded]
    findings.notes += states.notes(last.workspace)
    if last.services:
        missing = {entry.feature for entry in last.degraded}
        _examine_services(findings, with_sshd="sshd" not in missing)


def _unstarted(*, is_converging: bool) -> str:
    """
    Say what is to be waited for, or done, where this start has no report yet.
    """
    is_ours = is_entrypoint(main_process.command_line() or b"")
    if is_converging or is_ours or paths.SUPERVISOR_SOCKET.exists():
        return "the convergence of this start has not ended"
    return "Slipway was not started here: run `slipway start`"


def _examine_services(findings: Findings, *, with_sshd: bool) -> None:
    try:
        said = told.ask(timeout=TIMEOUT)
    except OSError as error:
        if isinstance(error, PermissionError) and os.geteuid():
            raise
        findings.complaints.append(told.silence(error))
        return
    _examine_programs(findings, said.programs)
    if said.left_out:
        words = told.LEFT_OUT + "; ".join(map(told.sentence, said.left_out))
        findings.complaints.append(words)
    sshd = next((process for process in said.programs if process["group"] == "sshd"), None)
    if sshd and with_sshd:
        _examine_login(findings, sshd)
    elif sshd:
        _examine_other(findings)
    findings.notes += said.notes


def _examine_programs(findings: Findings, processes: list[dict[str, Any]]) -> None:
    waiting = dependents.examine(processes)
    findings.complaints += waiting.complaints
    findings.notes += waiting.notes
    findings.moves = findings.moves or not all(map(_is_at_rest, processes))
    for process in processes:
        if dependents.is_waiting(process):
            continue
        trouble = _trouble(process)
        if trouble and process["remote"]:  # no reason to restart the container
            findings.notes.append(f"{process['name']} is down")
        elif trouble:
            findings.complaints.append(trouble)
        elif _is_stopped_by_hand(process) and process["name"] != "sshd":
            findings.notes.append(f"{process['name']} was stopped by hand")
        elif process["statename"] == "EXITED" and process.get("left"):
            words = told.unsupervised(process["left"])
            findings.notes.append(f"{process['name']} is done: {words}")
        elif process["statename"] == "EXITED" and not process.get("is_job"):
            code = process["exitstatus"]
            findings.notes.append(f"{process['name']} is done, with exit code {code}")


def _examine_login(findings: Findings, sshd: dict[str, Any]) -> None:
    """
    Find whether root could open a session now.

    Without a key nobody is kept out, so nothing about it is an illness.
    """
    findings.with_login = True
    login = verdict.look(keep=True, pid=sshd["pid"], deadline=findings.deadline)
    if login.has_key and _is_stopped_by_hand(sshd):
        findings.notes.append("sshd was stopped by hand")
        return
    for obstacle in login.obstacles:
        is_ill = login.has_key and not obstacle.is_chosen
        (findings.complaints if is_ill else findings.notes).append(str(obstacle))
    is_closed = any(obstacle.closes and obstacle.refuses for obstacle in login.obstacles)
    if not login.has_key or _trouble(sshd) or is_closed:
        return
    is_up = sshd["statename"] in ("STARTING", "RUNNING")
    by_port: dict[int, str] = {}
    for address, port in login.listening:
        by_port.setdefault(port, address)
    if not is_up or not by_port:
        findings.complaints.append("sshd does not answer")
    for port, address in by_port.items():
        if not is_up:
            continue
        if _shows_banner(address, port, sshd["pid"]):
            findings.answered.append((address, port))
            continue
        where = f" on port {port}" if port != configuration.DEFAULT_PORT else ""
        findings.complaints.append(f"sshd does not answer{where}")


def _examine_other(findings: Findings) -> None:
    """
    Find whether the server that has sshd's port is an sshd: a cloud's own, say.
    """
    login = verdict.look(keep=True)
    if not login.has_key:
        return
    found = [("127.0.0.1", port) for port in login.ports if _shows_banner("127.0.0.1", port, 0)]
    findings.answered += found
    if not found:
        ports = ", ".join(map(str, login.ports))
        findings.complaints.append(
            f"port {ports} is another server's, which is no sshd: nobody logs in there"
        )


def _is_at_rest(process: dict[str, Any]) -> bool:
    """
    Tell whether nothing but an event of supervisord's makes another of a program.
    """
    is_moving = process["statename"] in ("STARTING", "STOPPING", "BACKOFF")
    is_expected = process.get("condition") in ("starting", "lost", "waiting")
    return not is_moving and not is_expected and bool(process.get("steady", True))


def _shows_banner(address: str, port: int, pid: int) -> bool:
    return banner.is_shown(address=address, port=port, timeout=TIMEOUT, pid=pid)


def _trouble(process: dict[str, Any]) -> str:
    """
    Return what is wrong with a program, "" for nothing.

    RUNNING says little: supervisord says so of a program that crashes every five seconds. So it
    keeps count (slipway.services.comeback); one that has not outlived its crashes is in trouble.
    """
    name, state = process["name"], process["statename"]
    if state == "EXITED" and process["expected"]:
        return ""
    if state in DOWN:
        return f"{name} is {state}: {process['spawnerr'] or f'see `slipway logs {name}`'}"
    if state != "STOPPED" and not process.get("steady", True):
        times = counted(process["ends"], "time")
        return f"{name} keeps ending: {times} of late; see `slipway logs {name}`"
    return ""


def _is_stopped_by_hand(process: dict[str, Any]) -> bool:
    """
    Tell whether it has run in this supervisord before: STOPPED then means by hand.

    Of one that is switched off nobody expects that it runs.
    """
    is_stopped = process["statename"] == "STOPPED" and process["start"]
    return bool(is_stopped and not process.get("off"))
