"""
`slipway status`: the container at a glance.
"""

from __future__ import annotations

import argparse
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from slipway.commands import announcement, glance, health, output, page
from slipway.contract import exits, paths, report
from slipway.contract.report import Report
from slipway.environment import cpus, derived, gpus, host_data
from slipway.remotes import rescue, states
from slipway.remotes.mounted import cache_claims, cache_files
from slipway.services import first_process, last_line, told
from slipway.services.told import unsupervised
from slipway.settings import providers
from slipway.settings.variables import Settings
from slipway.ssh import logins, verdict
from slipway.ssh.situation import Situation
from slipway.system import disk, mountinfo
from slipway.system.counting import span

_RUNS, _NONE, _SILENT = "runs", "does not run", "does not answer"
_AWAY = {"failed", "off", "stopped"}  # states of a program that has no page
_QUICKLY = "Exited too quickly"  # which says less than its exit code
_PATIENCE = 10.0  # seconds in which supervisord answers, if it does
_SHOWN_OF_PROGRAM = ("name", "statename", "pid")


def arguments(parser: argparse.ArgumentParser) -> None:
    """
    Declare them.
    """
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(options: argparse.Namespace) -> int:
    """
    Say it.
    """
    seen = gather()
    lines = page.styled(glance.render(seen), page.style())
    output.show(seen if options.json else None, lines)
    return exits.FAILED if seen["supervisord"] == _SILENT else exits.OK


def gather() -> dict[str, Any]:
    """
    Collect what there is to say; nothing here waits on a mount.
    """
    supervisord, trouble, said = _RUNS, "", told.Told([], [], [])
    try:
        said = told.ask(timeout=_PATIENCE)
    except OSError as error:
        supervisord = _NONE if told.is_gone(error) else _SILENT
        trouble = told.silence(error)
    last = report.load()
    workspace = last.workspace if last else str(paths.WORKSPACE)
    mounts = mountinfo.here()
    settings = host_data.loaded().settings
    around = derived.observe(settings.workspace)
    remotes = states.gather(workspace)
    return {
        "health": _health(trouble if supervisord == _SILENT else ""),
        "converged": _converged(last),
        "when": _when(last),
        "ssh": announcement.ssh_line(settings.environment),
        "keys": [
            {"type": key.type, "fingerprint": key.fingerprint, "comment": key.comment}
            for key in announcement.known_keys()
        ],
        "login": _login(verdict.look(keep=False, pid=_sshd(said.programs))),
        "workspace": {
            "path": workspace,
            "mounted": mountinfo.is_volume(mounts, workspace),
            "passing": mountinfo.fleeting(mounts, workspace),
        },
        "gpus": {
            **around.gpus._asdict(),
            "chosen": _chosen(derived.derive(settings, around)) if around.gpus.vendor else "",
        },
        "threads": {
            "number": settings.threads or cpus.fitting(around.cpus),
            "because": "SLIPWAY_THREADS" if settings.threads else cpus.because(around.cpus),
        },
        "supervisord": supervisord,
        "programs": [
            {
                **{key: process[key] for key in _SHOWN_OF_PROGRAM},
                "description": _described(process),
                "state": process.get("condition", ""),
                "waits_for": process.get("waits_for", []),
                "why": process.get("why", ""),
                **link_of(process, settings),
                **_more(process),
            }
            for process in said.programs
        ],
        "left_out": said.left_out,
        "supervisord_notes": [
            *said.notes,
            *([trouble] if supervisord == _SILENT else []),
            *([warning] if supervisord == _RUNS and (warning := first_process.warning()) else []),
        ],
        "mounts": [remote._asdict() for remote in remotes],
        "cache_shortage": disk.shortage(Path(workspace, "remote/.cache")) if remotes else "",
        "unused_caches": _unused(Path(workspace, "remote/.cache")),
        "rescued": rescue.found(Path(workspace, "remote/.rescued")),
        "failed": [operation._asdict() for operation in last.failed] if last else [],
        "refusals": [refusal._asdict() for refusal in last.refusals] if last else [],
        "degraded": [entry._asdict() for entry in last.degraded] if last else [],
        "notes": [note._asdict() for note in last.notes] if last else [],
    }


def link_of(process: dict[str, Any], settings: Settings) -> dict[str, Any]:
    """
    Return a program's port, and the address that opens its page. supervisord tells root alone.
    """
    port, link = process.get("port", 0), process.get("link", "")
    if process.get("condition") in _AWAY:
        link = ""
    if link:
        place = providers.detect(settings.environment)
        link = place.web_address(settings.environment, port) + link
    return {"port": port, "link": link}


def _health(silence: str) -> dict[str, Any]:
    """
    Return what `slipway health` says.

    + silence: why supervisord has not answered, which need not be waited for again
    """
    findings = health.Findings()
    if silence:
        findings.complaints.append(silence)
        found = health.Verdict(False, f"unhealthy: {silence}")
    else:
        found = health.examine(findings)
    return {**found._asdict(), "complaints": list(dict.fromkeys(findings.complaints))}


def _described(process: dict[str, Any]) -> str:
    """
    Return what supervisord says of a program, and why one that is done does not come back.
    """
    said = str(process["description"])
    if process["statename"] != "EXITED" or not process.get("expected"):
        return said
    done = f"{said}; done, with exit code {process['exitstatus']}"
    if process.get("left"):
        return f"{done}: {unsupervised(process['left'])}"
    return done if process.get("is_job") else f"{done} (autorestart=true would start it again)"


def _more(process: dict[str, Any]) -> dict[str, Any]:
    """
    Return what there is to say of a program that runs, or of one that is down.
    """
    is_up = process["statename"] == "RUNNING"
    is_down = process["statename"] in health.DOWN or process.get("condition") == "lost"
    has_ended = is_down and process.get("pid", 0) == 0 and process.get("start", 0)
    is_told = process.get("spawnerr", "").startswith(_QUICKLY) or not process.get("spawnerr")
    next_try = process.get("next_try", -1)
    return {
        "remote": bool(process.get("remote")),
        "has_run": bool(process.get("start")),
        "late": bool(process.get("late")),
        "uptime": max(0, process.get("now", 0) - process.get("start", 0)) if is_up else None,
        "exit": process.get("exitstatus") if has_ended and is_told else None,
        "last_line": last_line.of(process) if has_ended else "",
        "next_try": next_try if next_try >= 0 else None,
    }


def _sshd(processes: list[dict[str, Any]]) -> int:
    return next((process["pid"] for process in processes if process["name"] == "sshd"), 0)


def _login(found: Situation) -> dict[str, Any]:
    """
    Return where sshd listens, who logs in, and what stands against that.
    """
    return {
        "user": logins.wanted(),
        "root": found.user == "root",
        "possible": found.is_possible,
        "ports": found.ports,
        "obstacles": [str(obstacle) for obstacle in found.obstacles],
    }


def _unused(caches: Path) -> dict[str, int]:
    """
    Return the write caches of remotes that are not mounted, of which files may wait for an upload.
    """
    found = {str(cache): cache_files.waiting(cache) for cache in cache_claims.unused(caches)}
    return {cache: number for cache, number in found.items() if number}


def _converged(last: Report | None) -> str:
    if last is None:
        return "none yet"
    if last.boot != report.boot():
        return f"none since this start; the last one was at {last.started_at}"
    return f"{last.started_at}, {last.seconds:.2f} s: {last.counts}"


def _when(last: Report | None) -> str:
    """
    Say how long ago the last convergence was, and how long it took.
    """
    if last is None:
        return "not converged yet"
    if last.boot != report.boot():
        return f"not converged since this start; before, at {last.started_at}"
    try:
        began = datetime.fromisoformat(last.started_at).timestamp()
    except ValueError:
        began = time.time()
    ago = time.time() - began - last.seconds
    verb = "convergence failed" if last.failed else "converged"
    took = "" if last.failed else f" in {last.seconds:.2f} s"
    return f"{verb} {span(ago)} ago{took}"


def _chosen(variables: dict[str, str]) -> str:
    """
    Return the variables that sessions and services have to see fewer GPUs, "" for none.
    """
    return " ".join(f"{name}={variables[name]}" for name in gpus.CHOICES if name in variables)
