"""
Programs: which are started, and which are left as they are.
"""

from __future__ import annotations

from slipway.facts.supervisor import Program, Supervisord, SupervisordState
from slipway.operations import supervisor
from tests.unit.conftest import Run

IDLE = Supervisord({}, added=[], changed=[], removed=[], broken="")
UP, STOPPED, FATAL = Program("RUNNING", 7), Program("STOPPED", 0), Program("FATAL", 0)


def calls(run: Run, state: Supervisord | None, *, running: tuple[str, ...] = ()) -> list[str]:
    """
    Return what supervisord is asked for, as `slipway check` shows it.
    """
    shown = run(supervisor.update, running=running, facts={SupervisordState: state})
    return [call for line in shown for call in line.split("; ")]


def test_what_is_as_it_should_be_is_left_alone(run: Run) -> None:
    """
    No call, and that is said; nor in a build, where no supervisord runs.
    """
    state = IDLE._replace(programs={"beacon": UP, "once": Program("EXITED", 0)})

    assert calls(run, state, running=("beacon",)) == []
    assert run.host.noops == ["supervisord has what its files say"]
    assert calls(run, None, running=("beacon",)) == []


def test_what_somebody_stopped_is_started_again(run: Run) -> None:
    """
    The named ones, and all that start with the container; each once.
    """
    state = IDLE._replace(
        programs={"beacon": STOPPED, "web": FATAL, "manual": STOPPED}, down=("web", "beacon")
    )

    expected = ["startProcess beacon", "startProcess web"]
    assert calls(run, state, running=("beacon",)) == expected


def test_only_what_changed_is_replaced(run: Run) -> None:
    """
    Removed ones are not started first; a new one that is wanted is.
    """
    state = IDLE._replace(
        programs={"old": STOPPED, "web": UP, "beacon": UP},
        added=["new"],
        changed=["web"],
        removed=["old"],
        down=("old",),
    )

    assert calls(run, state, running=("beacon", "new")) == [
        "stopProcessGroup old",
        "removeProcessGroup old",
        "stopProcessGroup web",
        "removeProcessGroup web",
        "addProcessGroup web",
        "addProcessGroup new",
        "startProcess new",
    ]


def test_one_process_of_a_group_is_started_alone(run: Run) -> None:
    """
    By its own name; supervisord starts it itself where it is replaced.
    """
    programs = {"worker:worker_00": STOPPED, "worker:worker_01": UP, "mixed:once": STOPPED}
    state = IDLE._replace(programs=programs, down=("worker:worker_00",))

    assert calls(run, state) == ["startProcess worker:worker_00"]
    replaced = calls(run, state._replace(changed=["worker"]))
    assert [call for call in replaced if call.startswith("start")] == []


def test_what_ran_and_does_not_start_by_itself_is_started_again(run: Run) -> None:
    """
    sshd, say, when its section has changed; what was down stays so.
    """
    programs = {
        "sshd": UP._replace(autostart=False),
        "web": UP,
        "manual": STOPPED._replace(autostart=False),
    }
    state = IDLE._replace(programs=programs, changed=["sshd", "web", "manual"])

    made = calls(run, state)
    assert [call for call in made if call.startswith("start")] == ["startProcess sshd"]
    assert made[-1] == "startProcess sshd"
