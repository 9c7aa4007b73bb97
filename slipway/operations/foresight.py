"""
What a run changes, in words; and in a check, the state that it would leave to later operations.

A check runs nothing, so the facts that an operation is given are those of before the operations
above it. What these would leave is noted here, and asked for by those that depend on it: sshd
would not stop for want of keys that are written first.

Where no plan is kept (pyinfra's own command line) nothing is noted, and facts are all there is.
"""

from __future__ import annotations

import re
from collections.abc import Generator
from typing import Any, NamedTuple

from pyinfra import host
from pyinfra.context import ctx_host

from slipway.facts.supervisor import Supervisord

PLAN = "plan"  # a key of the host's connector_data
_UNSEEN = r"[\x00-\x1f\x7f]"


class Change(NamedTuple):
    """
    What is not as it should be, or what is done about it.
    """

    subject: str  # a path, a package or a program
    what: str  # "content differs", or what is done: "start"
    is_act: bool = False
    difference: tuple[str, ...] = ()  # lines of a unified diff

    def line(self, *, is_check: bool) -> str:
        """Say it in one line, whatever a path holds."""
        would = "would " if self.is_act and is_check else ""
        subject = re.sub(_UNSEEN, lambda found: f"\\x{ord(found[0]):02x}", self.subject)
        return f"{subject}: {would}{self.what}"


class Planned(NamedTuple):
    """
    One operation: what it changes, and its commands.
    """

    changes: list[Change]
    commands: list[Any]


class Plan:
    """
    One host's run.
    """

    def __init__(self, *, is_check: bool, is_verbose: bool = False) -> None:
        """
        Begin.

        + is_verbose: differences of files are wanted, too
        """
        self.is_check = is_check
        self.is_verbose = is_verbose
        self.operations: dict[str, Planned] = {}  # by pyinfra's hash
        self.left: dict[str, bytes | None] = {}  # by path: its new content; None: it is gone
        self.closed: set[str] = set()  # directories of which it would mend owner and mode
        self.applied: set[str] = set()  # of these paths, those that supervisord would have read
        self.supervisord: Supervisord | None = None  # as operations would leave it; None: as it is
        self.changes: list[Change] = []  # of the operation that runs


def plan() -> Plan | None:
    """
    Return the plan of the current host's run, if one is kept.
    """
    kept: Plan | None = host.connector_data.get(PLAN) if ctx_host.isset() else None
    return kept


def change(subject: str, what: str, *, difference: tuple[str, ...] = ()) -> None:
    """
    Note what the operation finds not to be as it should be, and mends.
    """
    _note(Change(subject, what, difference=difference))


def act(subject: str, what: str) -> None:
    """
    Note what the operation does to a program.

    + what: a verb as it follows "would"
    """
    _note(Change(subject, what, is_act=True))


def leave(path: str, content: bytes | None) -> None:
    """
    Note what will be at a path for the operations that follow; None: nothing.
    """
    if (kept := plan()) and kept.is_check:
        kept.left[path] = content


def is_left(path: str) -> bool:
    """
    Tell whether an earlier operation of this check would have written there.
    """
    kept = plan()
    return kept is not None and kept.left.get(path) is not None


def close(path: str) -> None:
    """
    Note that a directory that is there will have the owner and mode that it should have.
    """
    if (kept := plan()) and kept.is_check:
        kept.closed.add(path)


def is_closed(path: str) -> bool:
    """
    Tell whether an earlier operation of this check would have seen to that, or made it.
    """
    kept = plan()
    return kept is not None and (path in kept.closed or is_left(path))


def left() -> dict[str, bytes | None]:
    """
    Return what earlier operations of this check would leave.
    """
    kept = plan()
    return kept.left if kept else {}


def collected(commands: Generator[Any]) -> Generator[Any]:
    """
    Yield an operation's commands. In a check all of them are known before the first.
    """
    kept = plan()
    if kept is None:
        yield from commands
        return
    planned = kept.operations[host.current_op_hash or ""] = Planned([], [])
    kept.changes = planned.changes
    if kept.is_check:
        planned.commands.extend(commands)
        yield from planned.commands
    else:
        yield from commands


def _note(noted: Change) -> None:
    if (kept := plan()) and noted not in kept.changes:
        kept.changes.append(noted)
