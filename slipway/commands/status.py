"""
`slipway status`: the container at a glance.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from slipway.commands import output
from slipway.contract import exits, paths, report
from slipway.contract.refusal import Note, Refusal
from slipway.contract.report import Degraded, Operation, Report
from slipway.environment import cpus, derived, gpus, host_data
from slipway.remotes import rescue, states
from slipway.remotes.mounted import cache_claims, cache_files
from slipway.services import dependents, first_process, told
from slipway.services.told import unsupervised
from slipway.settings import providers
from slipway.settings.variables import Settings
from slipway.ssh import verdict
from slipway.ssh.configuration import DEFAULT_PORT
from slipway.ssh.situation import Situation
from slipway.system import disk, mountinfo

_RUNS, _NONE, _SILENT = "runs", "does not run", "does not answer"
_AWAY = {"failed", "off", "stopped"}  # states of a program that has no page
_PATIENCE = 10.0  # seconds in which supervisord answers, if it does
_SHOWN_OF_PROGRAM = ("name", "statename", "pid")
_SHOWN = 20  # files set aside that are named to a person: --json has them all


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
    output.show(seen if options.json else None, render(seen))
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
    mounts = mountinfo.parse(Path("/proc/self/mountinfo").read_text(errors="replace"))
    settings = host_data.loaded().settings
    around = derived.observe(settings.workspace)
    remotes = states.gather(workspace)
    address = providers.detect(settings.environment).ssh_address(settings.environment)
    return {
        "converged": _converged(last),
        "ssh": "ssh -p {1} root@{0}".format(*address) if address else "",
        "login": _login(verdict.look(keep=False, pid=_sshd(said.programs))),
        "workspace": {
            "path": workspace,
            "mounted": mountinfo.is_volume(mounts, workspace),
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
                **page(process, settings),
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


def render(seen: dict[str, Any]) -> list[str]:
    """
    Say it in lines.
    """
    workspace = seen["workspace"]
    kind = "mounted" if workspace["mounted"] else "NOT mounted: its files go with the container"
    lines = [f"convergence  {seen['converged']}", f"workspace    {workspace['path']} ({kind})"]
    lines += [f"ssh          {seen['ssh']}"] if seen["ssh"] else []
    login = seen["login"]
    if login["ports"] != [DEFAULT_PORT]:
        lines.append(f"ssh          port {', '.join(map(str, login['ports']))}")
    lines += [f"ssh          {obstacle}" for obstacle in login["obstacles"]]
    gpu, threads = seen["gpus"], seen["threads"]
    if gpu["vendor"]:
        number = "" if gpu["number"] is None else f" {gpu['number']}"
        lines.append(f"gpus         {gpu['vendor']}{number}: {gpu['chosen'] or 'all visible'}")
    if threads["number"]:
        lines.append(f"threads      {threads['number']}: {threads['because']}")
    for program in seen["programs"]:
        lines.append(f"program      {_program(program)}")
        lines += [f"link         {program['link']}"] if program.get("link") else []
    if seen["supervisord"] == _NONE:
        lines.append("program      supervisord does not run here")
    lines += [f"left out     {told.sentence(problem)}" for problem in seen["left_out"]]
    lines += [f"note         {note}" for note in seen["supervisord_notes"]]
    for mount in seen["mounts"]:
        waiting = {None: "does not tell what waits", 0: "nothing to upload"}.get(
            mount["pending"], f"{mount['pending']} files wait for their upload"
        )
        state = mount["detail"] and f"{mount['detail']}; "
        lines.append(f"remote       {mount['point']}: {state}{waiting}")
    if seen["cache_shortage"]:
        lines.append(f"cache        short of room: {seen['cache_shortage']}")
    lines += [
        f"cache        {cache}: {number} files in it wait for their upload, and no remote uses it"
        for cache, number in seen["unused_caches"].items()
    ]
    aside = seen["rescued"]
    lines += [f"rescued      {path}: not sure to be whole, look at it" for path in aside[:_SHOWN]]
    lines += [f"rescued      and {len(aside) - _SHOWN} more"] if len(aside) > _SHOWN else []
    lines += [f"failed       {Operation(**entry)}" for entry in seen["failed"]]
    lines += [f"refused      {Refusal(**entry)}" for entry in seen["refusals"]]
    lines += [f"degraded     {Degraded(**entry)}" for entry in seen["degraded"]]
    lines += [f"noted        {Note(**entry)}" for entry in seen["notes"]]
    return lines


def _program(program: dict[str, Any]) -> str:
    """
    Return a program's line: supervisord's word for it, and ours.
    """
    words = [f"{program['name']}: {program['statename']}"]
    if program["state"]:
        words.append(dependents.described(program["state"], program["waits_for"]))
    if program["why"]:
        words[-1] += f": {program['why']};"
    elif program["state"] and program["description"]:
        words[-1] += ","
    return " ".join([*words, program["description"]]).rstrip()


def page(process: dict[str, Any], settings: Settings) -> dict[str, Any]:
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


def _sshd(processes: list[dict[str, Any]]) -> int:
    return next((process["pid"] for process in processes if process["name"] == "sshd"), 0)


def _login(found: Situation) -> dict[str, Any]:
    """
    Return where sshd listens, and what stands against root's login.
    """
    return {
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


def _chosen(variables: dict[str, str]) -> str:
    """
    Return the variables that sessions and services have to see fewer GPUs, "" for none.
    """
    return " ".join(f"{name}={variables[name]}" for name in gpus.CHOICES if name in variables)
