"""
What `slipway status` says of what it has gathered: the verdict first, then one thing a line.
"""

from __future__ import annotations

from typing import Any

from slipway.commands import page
from slipway.commands.page import BAD, GOOD, IDLE, Item
from slipway.contract.refusal import Note, Refusal
from slipway.contract.report import Degraded, Operation
from slipway.services import dependents, told
from slipway.ssh.configuration import DEFAULT_PORT
from slipway.system.counting import counted, span

_SHOWN = 20  # files set aside that are named to a person: --json has them all
_NAMES = 5  # keys that are named
_STARTING = ("is starting", "is being fetched", "is stopped")
_MARKS = {"ready": GOOD, "failed": BAD, "lost": BAD}
# What supervisord's own states come to, where it is an older one that does not know ours
_CONDITIONS = {
    "RUNNING": "ready",
    "STARTING": "starting",
    "FATAL": "failed",
    "BACKOFF": "failed",
    "UNKNOWN": "failed",
}


def render(seen: dict[str, Any]) -> list[str]:
    """
    Say it in lines.
    """
    return [
        *_verdict(seen),
        *_places(seen),
        *_hardware(seen),
        *_services(seen),
        *_remotes(seen),
        *_concerns(seen),
    ]


def _verdict(seen: dict[str, Any]) -> list[str]:
    health = seen["health"]
    word = "HEALTHY" if health["healthy"] else "UNHEALTHY"
    lines = page.sentence(word, seen["when"])
    for complaint in health["complaints"]:
        lines += page.sentence("", complaint)
    return lines


def _places(seen: dict[str, Any]) -> list[str]:
    workspace, login = seen["workspace"], seen["login"]
    ports = ", ".join(map(str, login["ports"]))
    way = seen["ssh"] or f"port {ports} of the container"
    kept = "mounted" if workspace["mounted"] else "not mounted: lost with the container"
    if workspace.get("passing"):
        kept = f"{workspace['passing']}: lost with the container"
    rows = [("ssh", way, _keys(seen["keys"])), ("workspace", workspace["path"], kept)]
    lines = page.columns(rows)
    if seen["ssh"] and login["ports"] != [DEFAULT_PORT]:
        lines += page.sentence("", f"sshd listens on port {ports}")
    for obstacle in login["obstacles"]:
        lines += page.sentence("ssh", obstacle)
    return lines


def _keys(keys: list[dict[str, str]]) -> str:
    if not keys:
        return "no key: nobody can log in"
    names = [key["comment"] or key["type"] for key in keys[:_NAMES]]
    more = [f"{len(keys) - _NAMES} more"] if len(keys) > _NAMES else []
    return f"{counted(len(keys), 'key')}: {', '.join([*names, *more])}"


def _hardware(seen: dict[str, Any]) -> list[str]:
    gpu, threads = seen["gpus"], seen["threads"]
    lines = []
    if gpu["vendor"]:
        number = "" if gpu["number"] is None else f" {gpu['number']}"
        lines += page.sentence("gpus", f"{gpu['vendor']}{number}: {gpu['chosen'] or 'all visible'}")
    if threads["number"]:
        lines += page.sentence("threads", f"{threads['number']}: {threads['because']}")
    return lines


def _services(seen: dict[str, Any]) -> list[str]:
    if seen["supervisord"] == "does not run":
        return page.sentence("services", "supervisord does not run here")
    shown = [service(each) for each in seen["programs"] if not _is_elsewhere(each)]
    lines = page.items("services", shown) if shown else []
    for each in seen["programs"]:
        if each.get("link"):
            lines += page.sentence("link", each["link"])
    return lines


def _is_elsewhere(program: dict[str, Any]) -> bool:
    """
    Tell whether a program is that of a remote, which is said below, or a cron without a crontab.
    """
    if program["name"] == "cron" and program["state"] == "stopped" and not program.get("has_run"):
        return True
    return program.get("remote", False) and program["statename"] in ("RUNNING", "STARTING")


def service(program: dict[str, Any]) -> Item:
    """
    Return a program with the word that docs/services.md explains, and why.
    """
    state = program["state"] or _CONDITIONS.get(program["statename"], "stopped")
    mark = BAD if program.get("late") else _MARKS.get(state, IDLE)
    if state == "ready" and program["statename"] == "RUNNING":
        return Item(mark, " ".join(filter(None, [program["name"], _age(program)])))
    words = [f"{program['name']} {dependents.described(state, program['waits_for'])}"]
    why = [program["why"]] if program["why"] else []
    if state in ("failed", "lost"):
        why += _end(program)
    elif program["statename"] == "EXITED":
        why.append(program["description"].partition("; ")[2])
    return Item(mark, ": ".join([*words, *filter(None, [", ".join(filter(None, why))])]))


def _age(program: dict[str, Any]) -> str:
    seconds = program.get("uptime")
    return "" if seconds is None else span(seconds)


def _end(program: dict[str, Any]) -> list[str]:
    """
    Say how a program's last process ended, what it said last, and when the next one comes.
    """
    said = [program["description"]]
    if (code := program.get("exit")) is not None:
        said = [f"exit {code}"]
    if program.get("last_line"):
        said.append(f'"{program["last_line"]}"')
    if program.get("next_try") is not None:
        said.append(f"next try in {span(program['next_try'])}")
    return said


def _remotes(seen: dict[str, Any]) -> list[str]:
    if not seen["mounts"]:
        return []
    return page.items("remotes", [remote(each) for each in seen["mounts"]])


def remote(seen: dict[str, Any]) -> Item:
    """
    Return a remote with what it is doing, in rclone's words where it is down.
    """
    name, detail, pending = seen["name"], seen["detail"], seen["pending"]
    waiting = "does not tell what waits" if pending is None else f"{pending} waiting"
    if not detail:
        return Item(GOOD, f"{name} {'mounted' if seen['mounted'] else 'copied'}, {waiting}")
    is_verb = detail.startswith(("is ", "does ", "can't "))
    words = f"{name}{' ' if is_verb else ': '}{detail}"
    more = f", {waiting}" if pending else ""
    return Item(IDLE if detail in _STARTING else BAD, f"{words}{more}")


def _concerns(seen: dict[str, Any]) -> list[str]:
    said = [("left out", told.sentence(problem)) for problem in seen["left_out"]]
    complaints = seen["health"]["complaints"]
    said += [("note", note) for note in seen["supervisord_notes"] if note not in complaints]
    if seen["cache_shortage"]:
        said.append(("cache", f"short of room: {seen['cache_shortage']}"))
    for cache, number in seen["unused_caches"].items():
        wait = counted(number, "file in it waits for its", "files in it wait for their")
        said.append(("cache", f"{cache}: {wait} upload, and no remote uses it"))
    aside = seen["rescued"]
    said += [("rescued", f"{path}: not sure to be whole, look at it") for path in aside[:_SHOWN]]
    said += [("rescued", f"and {len(aside) - _SHOWN} more")] if len(aside) > _SHOWN else []
    said += [("failed", str(Operation(**entry))) for entry in seen["failed"]]
    said += [("refused", str(Refusal(**entry))) for entry in seen["refusals"]]
    said += [("degraded", str(Degraded(**entry))) for entry in seen["degraded"]]
    said += [("noted", str(Note(**entry))) for entry in seen["notes"]]
    return [line for label, text in said for line in page.sentence(label, text)]
