"""
A look at the container beside what changes it: it waits for that, and looks again where need be.

A convergence, the maker of the slow host key and doctor's trial hold one lock while files are half
done. Whoever only looks never keeps it: a start must not wait for him.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from slipway.contract import paths, report
from slipway.environment import main_process
from slipway.settings.arguments import is_entrypoint
from slipway.system import locks

PATIENCE = 60.0  # seconds for a convergence; one that installs packages takes longer
BEGINNING = 10.0  # seconds in which the one of a start begins
_SOON = 1.0  # seconds of waiting that nobody has to be told of
_GLANCE = 0.05  # seconds between two looks whether a start has its report

Seen = TypeVar("Seen")


def looked(look: Callable[[], Seen]) -> Seen:
    """
    Return what a look gives in a container that nobody is changing. Raises what the look does.

    Where a convergence has run during the look there is a second one. One that does not end in time
    is said, and what is half done may be in the answer.
    """
    until = time.monotonic() + PATIENCE
    if not _is_over(until):
        _say("a convergence runs here still: what it has half done may be named")
        return look()
    before = _mark()
    seen = look()
    if not locks.is_held(paths.LOCK) and _mark() == before:
        return seen
    _say("a convergence has run meanwhile: looking once more")
    if not _is_over(until):
        _say("a convergence runs here still: what it has half done may be named")
    return look()


def _is_over(until: float) -> bool:
    """
    Wait for a convergence that runs, or that a start is about to begin; tell whether it has ended.
    """
    _await_beginning()
    if locks.wait(paths.LOCK, seconds=_SOON):
        return True
    _say("a convergence runs here: waiting for its end")
    return locks.wait(paths.LOCK, seconds=max(until - time.monotonic(), _GLANCE))


def _await_beginning() -> None:
    """
    Return when the convergence of this start has begun, if our entrypoint begins one.
    """
    until = time.monotonic() + BEGINNING
    while _is_awaited() and time.monotonic() < until:
        time.sleep(_GLANCE)  # it is not our child, and nothing else tells


def _is_awaited() -> bool:
    if paths.UNFINISHED.exists() or not is_entrypoint(main_process.command_line() or b""):
        return False
    last = report.load()
    return last is None or last.boot != report.boot()


def _mark() -> list[tuple[int, int] | None]:
    """
    Return what is another once a convergence, or the maker of the slow host key, has ended.
    """
    return [_version(path) for path in (paths.REPORT, paths.SSHD_RSA_KEY)]


def _version(path: Path) -> tuple[int, int] | None:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns


def _say(what: str) -> None:
    print(f"slipway: {what}", file=sys.stderr)
