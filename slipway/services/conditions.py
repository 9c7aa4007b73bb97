"""
How a program is, in one word, and what people and health are told of it besides.

supervisord's own states say what became of its process: RUNNING is no promise that it answers.
"""

from __future__ import annotations

import time
from typing import Any

from supervisor.states import ProcessStates

from slipway.services.comeback import comes_back, life_of
from slipway.services.order import Order, starts_by_itself
from slipway.services.program_file import plain
from slipway.services.readiness import is_ready, standing_of


def of(process: Any, order: Order) -> dict[str, Any]:
    """
    Return what is told of a process, in types that XML-RPC has.
    """
    declared = getattr(process.config, "declared", None)
    standing = standing_of(process)
    waits_for = order.waits_for(process)
    is_late = declared and standing.since and _seconds(standing.since) > declared.within
    return {
        "condition": _word(process, is_waiting=bool(waits_for)),
        "waits_for": [plain(name) for name in waits_for],
        "why": plain(standing.why),
        "declared": declared is not None,
        "within": declared.within if declared else 0,
        "port": declared.port if declared else 0,
        "link": declared.link if declared else "",
        "late": bool(is_late),
        "next_try": _next_try(process),
        "off": is_off(process),
    }


def is_off(process: Any) -> bool:
    """
    Tell whether SLIPWAY_SERVICES_OFF names a program.
    """
    return bool(getattr(process.config, "off", False))


def _word(process: Any, *, is_waiting: bool) -> str:
    """
    Return the word; docs/services.md says what each means.
    """
    state = process.state
    if is_waiting:
        return "waiting"
    if state in (ProcessStates.STOPPED, ProcessStates.STOPPING):
        will_start = state == ProcessStates.STOPPED and starts_by_itself(process)
        return "starting" if will_start else "off" if is_off(process) else "stopped"
    is_over = state == ProcessStates.EXITED and not comes_back(process)
    if is_over or state in (ProcessStates.FATAL, ProcessStates.UNKNOWN):
        is_done = is_over and process.exitstatus in process.config.exitcodes
        return "stopped" if is_done else "failed"
    if is_ready(process):
        return "ready"
    if standing_of(process).was_ready:
        return "lost"
    return "failed" if state == ProcessStates.BACKOFF else "starting"


def _next_try(process: Any) -> int:
    """
    Return the seconds until a program that is down is tried again; -1 where it is not.
    """
    if process.state == ProcessStates.BACKOFF:
        return max(0, round(float(process.delay) - time.time()))
    due = life_of(process).due if process.state == ProcessStates.FATAL else 0
    return max(0, round(due - time.monotonic())) if due else -1


def _seconds(since: float) -> float:
    return time.monotonic() - since
