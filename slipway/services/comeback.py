"""
Programs that end by themselves: they come back, for as long as it takes, and never in a hot loop.

supervisord starts a program that ran for its `startsecs` again at once; one that did not it tries
`startretries` times, each a second later than the last, and then gives it up for good (FATAL,
https://supervisord.org/subprocess.html). What is added here, for every program:

- one that was given up is started again after 10 s, 20 s, 40 s, then every 60 s, one try each,
  unless it has `autorestart=false`;
- one that ends at once and counts as RUNNING all the same (`startsecs=0`) waits like the others;
- how often it ended since it last ran for a minute is kept, so that health can tell a program that
  runs from one that is caught between two crashes;
- what a try has left running is ended before the next (slipway.services.strays).

One that ends with an exit code that its file expects (0) has done what it was for, and stays EXITED
unless it has `autorestart=true`, as everywhere with supervisor.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterable
from typing import Any

from supervisor import events
from supervisor.datatypes import RestartUnconditionally
from supervisor.states import ProcessStates, SupervisorStates

from slipway.services import last_try, strays
from slipway.services.own_programs import is_remotes
from slipway.services.strays import Try

FIRST, LONGEST = 10.0, 60.0  # seconds until the first, and between later, tries of a FATAL program
AT_ONCE = 3.0  # seconds: who ends before that has not started, whatever its startsecs are
STEADY = 60.0  # seconds after which all that was before is forgotten
BELIEVED = 5.0  # seconds that a program must have run after it ended twice
GRACE = 1.0  # seconds that what was left running has to end


class Life:
    """
    How one program has fared since it last ran steadily.
    """

    __slots__ = (
        "began",
        "due",
        "ends",
        "given_up",
        "hasty",
        "is_daemon",
        "left",
        "left_at",
        "longest",
        "ticks",
    )

    def __init__(self) -> None:
        self.began = 0.0  # monotonic, of its present or last process
        self.ends = 0  # that nobody asked for
        self.longest = 0.0  # seconds that one of the ended processes ran
        self.hasty = 0  # ends in a row within AT_ONCE
        self.given_up = 0  # times in a row
        self.due = 0.0  # monotonic, of the next try; 0 for none
        self.ticks = 0  # as `began`, as the kernel counts
        self.left: Try | None = None  # the last one that ended at once
        self.left_at = 0.0  # monotonic, of its end
        self.is_daemon = False  # it has left processes running


def life_of(process: Any) -> Life:
    """
    Return the life of a supervised process, kept on it: it ends with the program's configuration.
    """
    try:
        life: Life = process.life
    except AttributeError:
        life = process.life = Life()
    return life


def comes_back(process: Any) -> bool:
    """
    Tell whether a program that does not run now will be started again without being asked.
    """
    if process.state == ProcessStates.EXITED:
        return _is_restarted(process)
    if process.state == ProcessStates.FATAL:
        return bool(process.config.autorestart)
    return bool(process.state == ProcessStates.BACKOFF)


def is_steady(process: Any, now: float) -> bool:
    """
    Tell whether a program has outlived its own crashes.

    One crash says nothing. After the second it has to run twice as long as it did before any of
    them: whoever looks in the middle of a short run must not take it for health.
    """
    life = life_of(process)
    if life.ends < 2:  # noqa: PLR2004 - see above
        return True
    long_enough = min(STEADY, max(BELIEVED, 2 * life.longest))
    return bool(process.state == ProcessStates.RUNNING and now - life.began >= long_enough)


class Comeback:
    """
    Follows every program by supervisord's own events; `look` does what is due.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        *,
        holds: Callable[[Any], bool] = lambda _process: False,
    ) -> None:
        """
        Begin.

        + holds: tells whether a program must wait for another
        """
        self.clock, self.holds = clock, holds
        events.subscribe(events.ProcessStateStartingEvent, self.starting)
        events.subscribe(events.ProcessStateExitedEvent, self.exited)
        events.subscribe(events.ProcessStateBackoffEvent, self.failed)
        events.subscribe(events.ProcessStateFatalEvent, self.given_up)
        events.subscribe(events.ProcessStateStoppedEvent, self.stopped)

    def look(self, processes: Iterable[Any]) -> None:
        """
        Try again what is due and need not wait, and forget the crashes of what runs steadily.
        """
        now = self.clock()
        for process in processes:
            life = life_of(process)
            if _is_waiting(process) and life.left and now >= life.left_at + GRACE:
                _clear(process)
            is_due = process.state == ProcessStates.FATAL and life.due and now >= life.due
            if is_due and not self.holds(process):
                life.due = 0.0
                process.config.options.logger.info(
                    "starting %(name)s again", name=process.config.name
                )
                process.backoff = process.config.startretries  # one try
                process.spawn()
            elif process.state == ProcessStates.RUNNING and now - life.began >= STEADY:
                process.life = Life()
                process.life.began, process.life.ticks = life.began, life.ticks

    def starting(self, event: Any) -> None:
        """A process of the program begins."""
        life = life_of(event.process)
        _clear(event.process)
        life.began, life.ticks = self.clock(), strays.now()

    def exited(self, event: Any) -> None:
        """A process that was RUNNING has ended by itself; it has to wait if it ended at once."""
        process, life = event.process, life_of(event.process)
        ran = self.clock() - life.began
        if not _is_restarted(process):
            life.left = (
                last_try.of(process, life.ticks, is_hasty=ran < AT_ONCE) if process.pid else None
            )
            return
        if ran < AT_ONCE:
            life.hasty += 1
            process.spawnerr = process.spawnerr or "Exited too quickly (see its log)"
            process.backoff = life.hasty - 1
            process.change_state(ProcessStates.BACKOFF)
            return
        life.hasty = 0
        if (
            process.pid
            and not is_remotes(process)
            and strays.left(last_try.of(process, life.ticks, is_hasty=False))
        ):
            _wait(process)  # for those to end
            return
        self._ended(life, ran)

    def failed(self, event: Any) -> None:
        """
        A process has ended, or could not be made, before it counted as RUNNING.

        After a failed fork supervisord closes the pipes but goes on to poll them: at once each
        time, and the next program's, once these numbers are used again.
        """
        process, life = event.process, life_of(event.process)
        if process.pid:
            self._end_strays(process, life)
        else:
            process.dispatchers = {}
        process.delay = min(process.delay, time.time() + LONGEST)
        self._ended(life, self.clock() - life.began)

    def given_up(self, event: Any) -> None:
        """Supervisord has used up the program's startretries."""
        process, life = event.process, life_of(event.process)
        if process.config.options.mood < SupervisorStates.RUNNING:
            return
        if not process.config.autorestart:
            return  # a one-shot, which may do harm the second time
        pause = min(FIRST * 2**life.given_up, LONGEST)
        life.given_up = min(life.given_up + 1, 10)
        life.due = self.clock() + pause
        process.config.options.logger.critical(
            "%(name)s is FATAL: %(why)s; next try in %(pause).0f s",
            name=process.config.name,
            why=process.spawnerr,
            pause=pause,
        )

    def stopped(self, event: Any) -> None:
        """Somebody has stopped it: what was before is over."""
        _clear(event.process)
        event.process.life = Life()
        event.process.backoff = 0

    def _end_strays(self, process: Any, life: Life) -> None:
        """
        End what a try has left running.
        """
        is_hasty = process.backoff > 0
        life.left, life.left_at = last_try.of(process, life.ticks, is_hasty=is_hasty), self.clock()
        if strays.end(life.left) or life.is_daemon:
            _tell(process)

    def _ended(self, life: Life, ran: float) -> None:
        life.ends += 1
        if ran < STEADY:
            life.longest = max(life.longest, ran)


def _is_restarted(process: Any) -> bool:
    """
    Apply `autorestart` to a process that has ended; one that was killed has exit status -1.
    """
    policy = process.config.autorestart
    if policy is RestartUnconditionally:
        return True
    return bool(policy) and process.exitstatus not in process.config.exitcodes


def left_running(process: Any) -> int:
    """
    Return how many processes a program that is done has left running, unsupervised.
    """
    life = life_of(process)
    if process.state != ProcessStates.EXITED or not life.left:
        return 0
    return len(strays.left(life.left))


def _is_waiting(process: Any) -> bool:
    """
    Tell whether a program has no process and will have one again.
    """
    return process.state in (ProcessStates.BACKOFF, ProcessStates.FATAL)


def _clear(process: Any) -> None:
    """
    Kill what has not ended of what was left running, or was not to be seen in the first moment.
    """
    life = life_of(process)
    if life.left:
        if strays.end(life.left, signal.SIGKILL):
            _tell(process)
        life.left = None


def _tell(process: Any) -> None:
    """
    Say what a program has to do that leaves others behind: at each look, and once in the log.
    """
    life = life_of(process)
    process.spawnerr = (
        "it must stay in the foreground: its process ended and left others running, which Slipway "
        "ends"
    )
    if not life.is_daemon:
        process.config.options.logger.critical(
            "%(name)s: %(why)s", name=process.config.name, why=process.spawnerr
        )
    life.is_daemon = True


def _wait(process: Any) -> None:
    """
    Have a program begin again when what it has left has had its time to end.
    """
    process.backoff = -1  # this is no failed start
    process.change_state(ProcessStates.BACKOFF)
    process.delay = time.time() + GRACE
