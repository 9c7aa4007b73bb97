"""
Programs that end by themselves, against supervisord's own state machine and a clock of ours.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from supervisor import events
from supervisor.datatypes import RestartUnconditionally, RestartWhenExitUnexpected
from supervisor.process import Subprocess
from supervisor.states import ProcessStates, SupervisorStates

from slipway.services.comeback import Comeback, comes_back, is_steady, life_of


class Clock:
    """
    A clock that stands still until it is told.
    """

    now = 1000.0

    def __call__(self) -> float:
        """Read it."""
        return self.now


class Logger:
    """
    Takes supervisord's calls.
    """

    def __init__(self) -> None:
        self.said: list[str] = []

    def info(self, message: str, **words: Any) -> None:
        """Keep it."""
        self.said.append(message % words if words else message)

    critical = debug = info


class Program(Subprocess):  # type: ignore[misc]  # it has no annotations
    """
    A supervised program without a process: `spawn` and `die` go through supervisord's states.
    """

    def __init__(self, **config: Any) -> None:
        options = SimpleNamespace(
            mood=SupervisorStates.RUNNING,
            logger=Logger(),
            stat=os.stat,
            serverurl="unix:///run/supervisor.sock",
            check_execv_args=lambda *_: None,
        )
        defaults = {
            "name": "web",
            "command": "/bin/true",
            "startretries": 2,
            "startsecs": 3,
            "exitcodes": [0],
            "autorestart": RestartUnconditionally,
            "options": options,
            "uid": None,
        }
        super().__init__(SimpleNamespace(**{**defaults, **config}))
        self.group = SimpleNamespace(config=self.config)
        self.spawned = 0

    def spawn(self) -> None:
        """Begin a process."""
        self.spawned += 1
        self.change_state(ProcessStates.STARTING)

    def runs(self) -> None:
        """Count as RUNNING, as after startsecs."""
        self.backoff = 0
        self.change_state(ProcessStates.RUNNING)

    def die(self, status: int = 1) -> None:
        """End by itself, as `finish` has it."""
        self.exitstatus = status
        if self.state == ProcessStates.STARTING:
            self.spawnerr = "Exited too quickly"
            self.change_state(ProcessStates.BACKOFF)
        else:
            self.backoff = 0
            self.change_state(ProcessStates.EXITED, expected=status in self.config.exitcodes)
        if self.state == ProcessStates.BACKOFF and self.backoff > self.config.startretries:
            self.give_up()


@pytest.fixture
def clock() -> Clock:
    """A clock."""
    return Clock()


@pytest.fixture
def comeback(clock: Clock) -> Iterator[Comeback]:
    """Who looks after programs, by that clock."""
    yield Comeback(clock)
    events.clear()


def crash_once(program: Program, clock: Clock, ran: float) -> None:
    """
    Run for a time, then die.
    """
    program.spawn()
    clock.now += ran
    if ran >= program.config.startsecs:
        program.runs()
    program.die()


def give_up(program: Program, clock: Clock) -> None:
    """
    Die until supervisord gives up.
    """
    while program.state != ProcessStates.FATAL:
        crash_once(program, clock, 0.1)


def test_a_program_that_was_given_up_is_tried_again_ever_later(
    comeback: Comeback, clock: Clock
) -> None:
    """
    After 10, 20, 40 seconds, then every 60, one try each: at most five starts a minute.
    """
    program = Program()
    give_up(program, clock)
    pauses = []
    for _ in range(6):
        fatal_at, before = clock.now, program.spawned
        while program.spawned == before:
            clock.now += 1
            comeback.look([program])
        pauses.append(round(clock.now - fatal_at))
        program.die()
        assert program.state == ProcessStates.FATAL

    assert pauses == [10, 20, 40, 60, 60, 60]
    said = program.config.options.logger.said
    assert "web is FATAL: Exited too quickly; next try in 10 s" in said


def test_a_steady_minute_makes_it_as_good_as_new(comeback: Comeback, clock: Clock) -> None:
    """
    The next comeback begins with ten seconds again, and nothing is held against it.
    """
    program = Program()
    for _ in range(2):
        give_up(program, clock)
        clock.now += 60
        comeback.look([program])
        program.runs()
        assert not is_steady(program, clock.now)
        clock.now += 60
        comeback.look([program])

    assert is_steady(program, clock.now)
    assert life_of(program).ends == 0
    said = [line for line in program.config.options.logger.said if "FATAL" in line]
    assert [line.rpartition("in ")[2] for line in said] == ["10 s", "10 s"]


def test_what_was_stopped_by_hand_is_not_tried_again(comeback: Comeback, clock: Clock) -> None:
    """
    Also where it was FATAL when it was stopped.
    """
    program = Program()
    give_up(program, clock)
    program.change_state(ProcessStates.STOPPED)
    before = program.spawned
    for _ in range(200):
        clock.now += 1
        comeback.look([program])

    assert program.spawned == before
    assert is_steady(program, clock.now)


def test_who_ends_at_once_waits_though_it_counts_as_running(
    comeback: Comeback, clock: Clock
) -> None:
    """
    `startsecs=0` is no way into a hot loop: each end waits a second longer, then it is FATAL.
    """
    program = Program(startsecs=0, startretries=3)
    delays = []
    while program.state != ProcessStates.FATAL:
        crash_once(program, clock, 0.1)
        delays.append(program.state)

    assert delays == [ProcessStates.BACKOFF] * 3 + [ProcessStates.FATAL]


@pytest.mark.parametrize(
    ("policy", "status", "waits"),
    [
        (RestartUnconditionally, 0, True),
        (RestartWhenExitUnexpected, 1, True),
        (RestartWhenExitUnexpected, -1, True),
        (RestartWhenExitUnexpected, 0, False),
        (False, 1, False),
    ],
)
def test_a_job_that_is_done_is_done(
    comeback: Comeback, clock: Clock, policy: Any, status: int, *, waits: bool
) -> None:
    """
    Only what supervisord would start again is made to wait; a one-shot ends as it always did.
    """
    program = Program(startsecs=0, autorestart=policy)
    program.spawn()
    program.runs()
    program.die(status)

    assert program.state == (ProcessStates.BACKOFF if waits else ProcessStates.EXITED)
    assert comes_back(program) is waits


def test_a_wait_never_grows_past_a_minute(
    comeback: Comeback, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    `startretries=1000000` waits a second longer each time: after a day, for hours.
    """
    monkeypatch.setattr("time.time", lambda: 5000.0)
    program = Program(startretries=10**6)
    program.spawn()
    program.backoff = 4000
    program.die()

    assert program.delay == 5060.0


def test_a_one_shot_that_failed_is_not_run_again(comeback: Comeback, clock: Clock) -> None:
    """
    `autorestart=false` and an end before its startsecs: FATAL it is, for good.
    """
    program = Program(autorestart=False)
    give_up(program, clock)
    before = program.spawned
    for _ in range(200):
        clock.now += 1
        comeback.look([program])

    assert program.spawned == before
    assert not comes_back(program)


@pytest.mark.parametrize(("pid", "kept"), [(0, False), (7, True)])
def test_without_a_process_nothing_is_polled(comeback: Comeback, pid: int, *, kept: bool) -> None:
    """
    The pipes of a failed fork are closed; those of a process that ended are still to be read.
    """
    program = Program()
    program.pid = pid
    program.spawn()
    program.dispatchers = {5: object()}
    program.die()

    assert bool(program.dispatchers) is kept


@pytest.mark.parametrize(("ran", "believed_after"), [(0.5, 5.0), (4.0, 8.0), (20.0, 40.0)])
def test_a_program_is_believed_when_it_has_outlived_its_crashes(
    comeback: Comeback, clock: Clock, ran: float, believed_after: float
) -> None:
    """
    After two crashes it has to run twice as long as before them, and five seconds at least.
    """
    program = Program(startretries=9)
    crash_once(program, clock, ran)
    program.spawn()
    program.runs()
    assert is_steady(program, clock.now)  # once is nothing
    clock.now += ran
    program.die()
    program.spawn()
    program.runs()
    clock.now += believed_after - 0.1
    assert not is_steady(program, clock.now)
    clock.now += 0.1

    assert is_steady(program, clock.now)


def test_nothing_comes_back_while_supervisord_ends(comeback: Comeback, clock: Clock) -> None:
    """
    The FATAL that a stop makes of a BACKOFF is no failure.
    """
    program = Program()
    crash_once(program, clock, 0.1)
    program.config.options.mood = SupervisorStates.SHUTDOWN
    program.give_up()

    assert life_of(program).due == 0
    assert program.config.options.logger.said == []
