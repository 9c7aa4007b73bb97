"""
`slipway status`: the container at a glance.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from slipway import (
    environment,
    mountinfo,
    paths,
    providers,
    remote_states,
    report,
    rescue,
    xmlrpc,
)

_SHOWN = 20  # files set aside that are named to a person: --json has them all


def gather() -> dict[str, Any]:
    """
    Collect what there is to say; nothing here waits on a mount.
    """
    try:
        (processes,) = xmlrpc.call(
            paths.SUPERVISOR_SOCKET, [("supervisor.getAllProcessInfo", ())], timeout=2.0
        )
    except OSError:
        processes = []
    last = report.load() or {}
    workspace = last.get("settings", {}).get("WORKSPACE", {}).get("value", "/workspace")
    mounts = mountinfo.parse(Path("/proc/self/mountinfo").read_text(errors="replace"))
    variables = environment.read(paths.ENVIRONMENT) if paths.ENVIRONMENT.exists() else {}
    address = providers.detect(variables).ssh_address(variables)
    return {
        "converged": _converged(last),
        "ssh": "ssh -p {1} root@{0}".format(*address) if address else "",
        "workspace": {
            "path": workspace,
            "mounted": mountinfo.is_volume(mounts, workspace),
        },
        "programs": [
            {key: process[key] for key in ("name", "statename", "pid", "description")}
            for process in processes
        ],
        "mounts": [remote._asdict() for remote in remote_states.gather(workspace)],
        "rescued": rescue.found(Path(workspace, "remote/.rescued")),
        "refusals": last.get("refusals", []),
        "degraded": last.get("degraded", []),
    }


def render(seen: dict[str, Any]) -> list[str]:
    """
    Say it in lines.
    """
    workspace = seen["workspace"]
    kind = "mounted" if workspace["mounted"] else "NOT mounted: its files go with the container"
    lines = [f"convergence  {seen['converged']}", f"workspace    {workspace['path']} ({kind})"]
    lines += [f"ssh          {seen['ssh']}"] if seen["ssh"] else []
    lines += [
        f"program      {program['name']}: {program['statename']} {program['description']}"
        for program in seen["programs"]
    ] or ["program      supervisord does not run here"]
    for mount in seen["mounts"]:
        waiting = {None: "does not tell what waits", 0: "nothing to upload"}.get(
            mount["pending"], f"{mount['pending']} files wait for their upload"
        )
        state = mount["detail"] and f"{mount['detail']}; "
        lines.append(f"remote       {mount['point']}: {state}{waiting}")
    aside = seen["rescued"]
    lines += [f"rescued      {path}: not sure to be whole, look at it" for path in aside[:_SHOWN]]
    lines += [f"rescued      and {len(aside) - _SHOWN} more"] if len(aside) > _SHOWN else []
    lines += [f"refused      {report.refusal(entry)}" for entry in seen["refusals"]]
    lines += [
        f"degraded     {entry['feature']}: {entry['condition']}" for entry in seen["degraded"]
    ]
    return lines


def _converged(last: dict[str, Any]) -> str:
    if not last:
        return "none yet"
    if last["boot"] != report.boot():
        return f"none since this start; the last one was at {last['started_at']}"
    totals = ", ".join(f"{count} {outcome}" for outcome, count in last["totals"].items() if count)
    return f"{last['started_at']}, {last['seconds']:.2f} s: {totals}"
