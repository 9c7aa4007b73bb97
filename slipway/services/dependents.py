"""
What health says of programs that are not ready, and of those that others wait for.

The one that is missing is named, not the one that waits for it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

Program = dict[str, Any]  # as supervisord tells it: slipway.services.rpc_interface


class Verdict(NamedTuple):
    """
    What is wrong, and what is worth a note.
    """

    complaints: list[str]
    notes: list[str]


def is_waiting(program: Program) -> bool:
    """
    Tell whether it has no process because another is not ready.
    """
    return bool(program.get("condition") == "waiting")


def examine(programs: list[Program]) -> Verdict:
    """
    Judge all that supervisord's own states say nothing of.
    """
    verdict = Verdict([], [])
    for program in programs:
        if program.get("declared") and program["statename"] in ("STARTING", "RUNNING"):
            _examine_readiness(program, verdict)
    for name, waiting in _waited_for(programs).items():
        _examine_missing(name, waiting, programs, verdict)
    return verdict


def _examine_readiness(program: Program, verdict: Verdict) -> None:
    name, why = program["name"], program["why"] and f": {program['why']}"
    if program["condition"] == "lost":
        verdict.complaints.append(f"{name} is lost, and was ready before it ended{why}")
    elif program["condition"] == "starting" and program["late"]:
        verdict.complaints.append(f"{name} is not ready after {program['within']} s{why}")
    elif program["condition"] == "starting":
        verdict.notes.append(f"{name} is starting")


def _waited_for(programs: list[Program]) -> dict[str, list[str]]:
    """
    Return the names that are waited for, each with those who wait.
    """
    found: dict[str, list[str]] = {}
    for program in programs:
        for name in program.get("waits_for", ()):
            found.setdefault(name, []).append(program["name"])
    return found


def _examine_missing(
    name: str, waiting: list[str], programs: list[Program], verdict: Verdict
) -> None:
    """
    Say of one that is waited for what nobody else says.
    """
    known = [each for each in programs if name in names(each)]
    who = f"{', '.join(waiting)} wait{'s' if len(waiting) == 1 else ''} for it"
    if not known:
        verdict.complaints.append(f"{name} is no program here, and {who}")
    for each in known:
        if each["condition"] == "off":
            verdict.notes.append(f"{each['name']} is switched off, and {who}")
        elif each["condition"] == "stopped" and not each["start"]:
            verdict.complaints.append(f"{each['name']} does not start by itself, and {who}")
        elif is_waiting(each) and _is_in_circle(each, programs):
            verdict.complaints.append(f"{each['name']} waits for itself: `after` is a circle")


def names(program: Program) -> set[str]:
    """
    Return what `after` may call a program.
    """
    name, group = program["name"], program["group"]
    return {name, group, f"{group}:{name}", f"{group}:*"}


def _is_in_circle(program: Program, programs: list[Program]) -> bool:
    """
    Tell whether those that a program waits for wait for it, in the end.
    """
    todo, seen = list(program["waits_for"]), set()
    while todo:
        name = todo.pop()
        if name in names(program):
            return True
        if name not in seen:
            seen.add(name)
            todo += [
                next_name
                for each in programs
                if name in names(each)
                for next_name in each.get("waits_for", ())
            ]
    return False


def described(condition: str, waits_for: list[str]) -> str:
    """
    Return a condition for people: `waiting (for redis)`.
    """
    return f"{condition} (for {', '.join(waits_for)})" if waits_for else condition
