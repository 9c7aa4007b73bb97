"""
Which program waits for which: `after` of `service.program`.

What starts by itself (with the container, after a crash, when it was given up) starts when all that
it names are ready, and waits as long as one is not. What somebody starts by hand waits for those
that are on their way, so that `supervisorctl start all` keeps the order; for one that is stopped,
switched off, failed or unknown it does not wait, as the hand knows better.

With a container sshd comes first: what is not Slipway's starts when sshd has had its turn.

What runs is left alone when one that it names ends or is restarted.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from supervisor.states import ProcessStates

from slipway.services.comeback import comes_back
from slipway.services.readiness import is_ready, standing_of

_UP = (ProcessStates.STARTING, ProcessStates.RUNNING)
_STARTABLE = (
    ProcessStates.STOPPED,
    ProcessStates.EXITED,
    ProcessStates.BACKOFF,
    ProcessStates.FATAL,
)

PATIENCE = 20.0  # seconds that programs wait for a convergence that does not come

Groups = Mapping[str, Any]  # supervisord's, by name


def after(process: Any) -> tuple[str, ...]:
    """
    Return the names of those that a program waits for.
    """
    declared = getattr(process.config, "declared", None)
    return declared.after if declared else ()


def found(name: str, groups: Groups) -> list[Any]:
    """
    Return the processes that a name is of: as supervisorctl's, or of a program in any group.
    """
    group, colon, process = name.partition(":")
    if group in groups:
        processes = groups[group].processes
        if not colon or process == "*":
            return list(processes.values())
        return [processes[process]] if process in processes else []
    return [each.processes[name] for each in groups.values() if name in each.processes]


def missing(process: Any, groups: Groups) -> list[str]:
    """
    Return which of those that a program waits for are not ready.
    """
    return [
        name
        for name in after(process)
        if not (known := found(name, groups)) or not all(map(is_ready, known))
    ]


class Order:
    """
    Lets programs start in their order.

    + groups: supervisord's, which come and go
    + waits: declared programs wait until the convergence of this start has applied their files:
      until then these are the image's, with the defaults of all variables. All that are not
      Slipway's wait until sshd has had its turn: one of them could take its port
    """

    def __init__(self, groups: Groups, *, waits: bool = False) -> None:
        self.groups = groups
        self._closed_until = time.monotonic() + PATIENCE if waits else 0.0
        self._sshd_first_until = self._closed_until

    @property
    def is_closed(self) -> bool:
        """
        Tell whether declared programs wait for the convergence of this start.
        """
        return time.monotonic() < self._closed_until

    def open(self) -> None:
        """
        Have them start, each when those that it waits for are ready.
        """
        self._closed_until = self._sshd_first_until = 0.0

    def admit(self) -> None:
        """
        Have users' programs start: sshd has had its turn.
        """
        self._sshd_first_until = 0.0

    def holds(self, process: Any) -> bool:
        """
        Tell whether a program that would start by itself now has to wait.
        """
        is_early = self.is_closed and getattr(process.config, "declared", None) is not None
        is_own = getattr(process.config, "is_own", False)
        is_early = is_early or (not is_own and time.monotonic() < self._sshd_first_until)
        is_held = is_early or (bool(after(process)) and bool(missing(process, self.groups)))
        standing = standing_of(process)
        standing.held = is_held
        if is_held:
            standing.since = 0.0  # it is not at it: its time to be ready begins anew
        return is_held

    def waits_for(self, process: Any) -> list[str]:
        """
        Return whom a program waits for that would run otherwise.
        """
        if not after(process) or process.state in _UP:
            return []
        standing = standing_of(process)
        if not standing.asked and not starts_by_itself(process):
            return []
        absent = missing(process, self.groups)
        if standing.asked and standing.awaits is not None:
            return [name for name in absent if name in standing.awaits]
        return absent

    def ask(self, process: Any, *, by_hand: bool) -> bool:
        """
        Have a program start that is down; False where nothing keeps it from starting now.

        Whether it waits is decided when all that was asked for in this round is known.

        + by_hand: else it is as if it started by itself
        """
        if not after(process) or not missing(process, self.groups):
            return False
        if not by_hand and process.config.autostart:
            if process.state == ProcessStates.STOPPED:
                process.laststart = 0
        else:
            standing_of(process).asked = True
        return True

    def withdraw(self, process: Any) -> None:
        """
        Have a program that waits be stopped by hand.
        """
        standing = standing_of(process)
        standing.asked, standing.awaits = False, None
        process.laststart = process.laststop = time.time()  # as if it had run: it stays down

    def look(self, processes: Iterable[Any]) -> None:
        """
        Start what need not wait any longer.
        """
        for process in processes:
            standing = standing_of(process)
            if not after(process) and not standing.held:
                continue
            if standing.asked:
                self._start_asked(process)
            elif standing.held and not self.holds(process):
                process.transition()

    def _start_asked(self, process: Any) -> None:
        """
        Start what a hand has asked for, when those are ready that were on their way then.
        """
        standing, absent = standing_of(process), missing(process, self.groups)
        if standing.awaits is None:
            standing.awaits = tuple(name for name in absent if self._is_coming(name))
        if not set(absent) & set(standing.awaits):
            standing.asked, standing.awaits = False, None
            if process.state in _STARTABLE:
                process.spawn()

    def _is_coming(self, name: str) -> bool:
        """
        Tell whether all of a name that are not ready are on their way.
        """
        known = found(name, self.groups)
        return bool(known) and all(is_ready(each) or is_coming(each) for each in known)


def is_coming(process: Any) -> bool:
    """
    Tell whether a program that is not ready starts, or will without being asked.
    """
    if process.state == ProcessStates.FATAL:
        return standing_of(process).asked
    return process.state in _UP or standing_of(process).asked or starts_by_itself(process)


def starts_by_itself(process: Any) -> bool:
    """
    Tell whether supervisord would start a program that has no process.
    """
    if process.state == ProcessStates.STOPPED:
        return bool(process.config.autostart) and not process.laststart
    return comes_back(process)


def levels(groups: Iterable[Any], level: Mapping[str, float]) -> dict[str, tuple[float, int]]:
    """
    Return when each group stops: the higher the earlier, and before those that it waits for.

    + level: of each group, whoever waits for whom
    """
    by_name = {group.config.name: group for group in groups}
    found_ = {name: (level[name], 0) for name in by_name}
    pairs = [
        (name, other.group.config.name)
        for name, group in by_name.items()
        for process in group.processes.values()
        for waited_for in after(process)
        for other in found(waited_for, by_name)
    ]
    for _ in by_name:  # a circle has no end
        low = [(one, other) for one, other in pairs if found_[one] <= found_[other]]
        if not low:
            break
        for one, other in low:
            found_[one] = (found_[other][0], found_[other][1] + 1)
    return found_
