"""
`slipway health`: cheap, bounded, and honest about this start of the container.
"""

from __future__ import annotations

import argparse
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, NamedTuple

from slipway.commands import output
from slipway.contract import exits, paths, report
from slipway.environment import gpus
from slipway.remotes import states
from slipway.services import told
from slipway.settings import public_keys
from slipway.ssh import banner
from slipway.system import files, locks

TIMEOUT = 2.0  # seconds for each thing asked
BOUND = 4.0  # seconds for everything: HEALTHCHECK's timeout of five would leave nothing said
DOWN = {"FATAL", "BACKOFF", "UNKNOWN", "EXITED"}


class Verdict(NamedTuple):
    """
    Healthy or not, and one line that says why.
    """

    healthy: bool
    line: str


class TooLate(Exception):  # noqa: N818 - not an OSError, which would be taken for an answer
    """
    The bound is reached.
    """


def arguments(parser: argparse.ArgumentParser) -> None:
    """
    Declare them.
    """
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(options: argparse.Namespace) -> int:
    """
    Print the verdict.
    """
    verdict = examine()
    output.show(verdict._asdict() if options.json else None, [verdict.line])
    return exits.OK if verdict.healthy else exits.FAILED


def examine() -> Verdict:
    """
    Compare what should run with what does. Raises PermissionError for anybody but root.
    """
    try:
        with _bound(BOUND):
            complaint, notes = _examined()
    except TooLate:
        complaint, notes = f"no verdict after {BOUND:.0f} s", []
    if complaint:
        return Verdict(False, f"unhealthy: {complaint}")
    return Verdict(True, "healthy" + (f" ({', '.join(notes)})" if notes else ""))


def _examined() -> tuple[str, list[str]]:
    """
    Return the first complaint, "" for none, and what is worth a note in a healthy container.
    """
    last = report.load()
    is_converging = locks.is_held(paths.LOCK)
    if last is None or last.boot != report.boot():
        return "the convergence of this start has not ended", []
    if paths.UNFINISHED.exists() and not is_converging:
        return "a convergence was cut off half-way: run `slipway converge`", []
    # what is left out now is asked below: a file may be mended since
    failed = [each for each in last.failed if not each.detail.startswith(told.LEFT_OUT)]
    if failed:
        return str(failed[0]), []
    if gpu := gpus.lost(paths.DEVICES):
        return f"GPU: {gpu}", []
    missing = {entry.feature for entry in last.degraded}
    notes = [f"refused {refusal.variable}" for refusal in last.refusals]
    notes += [f"degraded {entry.feature}" for entry in last.degraded]
    notes += states.notes(last.workspace)
    if not last.services:
        return "", notes
    complaint, of_services = _services(with_sshd="sshd" not in missing)
    return complaint, notes + of_services


def _services(*, with_sshd: bool) -> tuple[str, list[str]]:
    try:
        said = told.ask(timeout=TIMEOUT)
    except PermissionError:
        raise
    except OSError as error:
        return told.silence(error), []
    complaint, notes = _programs(said.programs, with_sshd=with_sshd)
    if said.left_out:
        words = told.LEFT_OUT + "; ".join(map(told.sentence, said.left_out))
        complaint = f"{complaint}; {words}" if complaint else words
    return complaint, [*notes, *said.notes]


def _programs(processes: list[dict[str, Any]], *, with_sshd: bool) -> tuple[str, list[str]]:
    has_key = _has_key()
    notes = []
    for process in processes:
        trouble = _trouble(process)
        if trouble and process["remote"]:  # no reason to restart the container
            notes.append(f"{process['name']} is down")
        elif trouble:
            return trouble, []
        elif _is_stopped_by_hand(process) and (process["name"] != "sshd" or has_key):
            notes.append(f"{process['name']} was stopped by hand")
        elif process["statename"] == "EXITED" and process.get("left"):
            notes.append(f"{process['name']} is done: {told.unsupervised(process['left'])}")
        elif process["statename"] == "EXITED" and not process.get("is_job"):
            notes.append(f"{process['name']} is done, with exit code {process['exitstatus']}")
    sshd = next((process for process in processes if process["group"] == "sshd"), None)
    if sshd and with_sshd and has_key and not _is_stopped_by_hand(sshd):
        is_up = sshd["statename"] in ("STARTING", "RUNNING")
        if not is_up or not banner.is_shown(timeout=TIMEOUT, pid=sshd["pid"]):
            return "sshd does not answer", []
    return "", notes


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
        return f"{name} keeps ending: {process['ends']} times of late; see `slipway logs {name}`"
    return ""


def _is_stopped_by_hand(process: dict[str, Any]) -> bool:
    """
    Tell whether it has run in this supervisord before: STOPPED then means by hand.
    """
    return bool(process["statename"] == "STOPPED" and process["start"])


def _has_key() -> bool:
    places = (paths.AUTHORIZED_KEYS, paths.KEYS_FALLBACK)
    return any(public_keys.any_valid(files.readable(path) or b"") for path in places)


@contextmanager
def _bound(seconds: float) -> Iterator[None]:
    """
    Raise TooLate in the middle of whatever takes longer.
    """

    def ring(_number: int, _frame: FrameType | None) -> None:
        raise TooLate

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
