"""
When a program is ready: looked at in the background until it is, and not once more.

A program that was declared with `ready` is ready from the first look that finds it so, until its
process ends. Any other is ready while it is RUNNING; one that has done what it was for, and is not
started again, is so for good.

supervisord's loop waits for nothing here: a look is a process of its own (slipway.services.probes),
its end wakes the loop like that of any child, and so does a timer while a look is due. Once all
programs are ready there is neither.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterable
from typing import Any

from supervisor import events
from supervisor.states import ProcessStates

from slipway.services.comeback import comes_back
from slipway.services.probes import LIMIT, Look

PAUSE = 0.25  # seconds between two looks
_SHARE = 4  # a look that takes long is followed by a pause of so many times as long
_SOON = 0.01  # seconds: a timer of none would be no timer
MOST = 16  # looks at the same time
_UP = (ProcessStates.STARTING, ProcessStates.RUNNING)


class Standing:
    """
    What is known of one program's readiness, kept on its process.
    """

    __slots__ = ("asked", "awaits", "due", "held", "look", "ready_pid", "since", "was_ready", "why")

    def __init__(self) -> None:
        self.ready_pid = 0  # the process that was found ready
        self.was_ready = False  # it or one before it, since the program was stopped last
        self.since = 0.0  # monotonic: when it began not to be ready; 0 while it is, or is down
        self.why = ""  # it is not ready, as the last look has it
        self.due = 0.0  # monotonic, of the next look
        self.look: Look | None = None
        self.asked = False  # somebody has started it, and it waits (slipway.services.order)
        self.awaits: tuple[str, ...] | None = None  # whom, of those; None: it is to be seen
        self.held = False  # it would start by itself, and waits


def standing_of(process: Any) -> Standing:
    """
    Return a process's standing: it ends with the program's configuration.
    """
    try:
        standing: Standing = process.standing
    except AttributeError:
        standing = process.standing = Standing()
    return standing


def is_ready(process: Any) -> bool:
    """
    Tell whether others may rely on a program now.
    """
    if _has_look(process):
        is_latched = standing_of(process).ready_pid == process.pid
        return bool(process.pid and is_latched and process.state in _UP)
    if process.state == ProcessStates.EXITED:
        return process.exitstatus in process.config.exitcodes and not comes_back(process)
    return bool(process.state == ProcessStates.RUNNING)


def _has_look(process: Any) -> bool:
    declared = getattr(process.config, "declared", None)
    return bool(declared and declared.ready)


class Readiness:
    """
    Looks at what is not ready yet. It follows programs by supervisord's own events.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.looks: dict[int, tuple[Look, Any]] = {}  # by its process; with the program's
        events.subscribe(events.ProcessStateStartingEvent, self.starting)
        events.subscribe(events.ProcessStateRunningEvent, self.running)
        events.subscribe(events.ProcessStateStoppedEvent, self.stopped)

    def starting(self, event: Any) -> None:
        """A process of the program begins."""
        standing = standing_of(event.process)
        standing.since = standing.since or self.clock()
        standing.ready_pid, standing.due = 0, self.clock()
        standing.asked, standing.awaits = False, None

    def running(self, event: Any) -> None:
        """It has run for its `startsecs`."""
        if not _has_look(event.process):
            _note_ready(event.process)

    def stopped(self, event: Any) -> None:
        """Somebody has stopped it: what was before is over."""
        look = standing_of(event.process).look
        event.process.standing = Standing()
        event.process.standing.look = look  # until it has ended

    def look(self, processes: Iterable[Any]) -> None:
        """Begin what is due, end what takes too long, and have the loop wake in time."""
        now = self.clock()
        waits = [
            wait
            for process in processes
            if _has_look(process) and (wait := self._look(process, now)) is not None
        ]
        if waits:
            signal.setitimer(signal.ITIMER_REAL, max(_SOON, min(waits)))

    def _look(self, process: Any, now: float) -> float | None:
        """
        Do for one program what is due; returns the seconds until something is again.
        """
        standing = standing_of(process)
        if look := standing.look:
            left = look.began + LIMIT - now
            if left <= 0 or look.program != process.pid:
                look.end()
                return None  # its end wakes the loop
            return left
        if process.state not in _UP or not process.pid or standing.ready_pid == process.pid:
            return None
        if now < standing.due:
            return standing.due - now
        standing.due = now + PAUSE
        if len(self.looks) < MOST:
            self._begin(process, standing)
        return PAUSE

    def _begin(self, process: Any, standing: Standing) -> None:
        try:
            look = standing.look = Look(process)
        except OSError as error:  # no process to be had, and the next look tries again
            standing.why = f"it can't be looked at: {error.strerror}"
            return
        self.looks[look.pid] = look, process
        process.config.options.pidhistory[look.pid] = self

    def finish(self, pid: int, status: int) -> None:
        """Take a look's result: supervisord calls this when its process has ended."""
        look, process = self.looks.pop(pid)
        standing = standing_of(process)
        standing.look = None
        why, now = look.result(status), self.clock()
        if look.program != process.pid:
            return  # another process of the program runs by now, or none
        if why:
            standing.why, standing.due = why, now + max(PAUSE, _SHARE * (now - look.began))
            return
        standing.ready_pid = process.pid
        process.config.options.logger.info(
            "ready: %(name)s, %(seconds).1f s after its start",
            name=process.config.name,
            seconds=now - standing.since,
        )
        _note_ready(process)

    def end(self) -> None:
        """End all looks: nobody wants to know any more."""
        for look, _ in self.looks.values():
            look.end()


def _note_ready(process: Any) -> None:
    standing = standing_of(process)
    standing.was_ready, standing.since, standing.why = True, 0.0, ""
