"""
Which program waits for which, under a real supervisord.
"""

from __future__ import annotations

import os
import time
from functools import partial
from typing import Any

import pytest
from supervisor.xmlrpc import Faults

from slipway.services import dependents
from tests.unit.conftest import Run
from tests.unit.services.conftest import Running, declared, until

# Says in `log` when it begins and when it ends, and is ready when a file of its name is there
SCRIPT = 'trap "echo -{name} >> log; exit 0" TERM; echo +{name} >> log; sleep 1000 & wait'


def gated(running: Running, name: str, *after: str, **given: Any) -> None:
    """
    Declare a program that is ready when a file of its name is there.
    """
    command = ["sh", "-c", SCRIPT.format(name=name)]
    ready = ("test", "-e", f"{name}.ready")
    declared(running, name, command, directory=str(running.here), ready=ready, after=after, **given)


def let(running: Running, *names: str) -> None:
    """
    Have programs be ready.
    """
    for name in names:
        (running.here / f"{name}.ready").touch()


def log(running: Running) -> list[str]:
    """
    Return who has begun and ended, in order.
    """
    path = running.here / "log"
    return path.read_text().split() if path.exists() else []


def has_begun(running: Running, name: str) -> bool:
    """
    Tell whether a program has.
    """
    return f"+{name}" in log(running)


def are(running: Running, **conditions: str) -> None:
    """
    Wait until programs are so.
    """
    until(
        lambda: {name: running.conditions().get(name) for name in conditions} == conditions,
        f"{conditions}, not {running.conditions()}",
    )


def told(running: Running) -> dependents.Verdict:
    """
    Return what health would say.
    """
    return dependents.examine(list(running.programs().values()))


def test_a_chain_starts_one_after_the_other(running: Running) -> None:
    """
    In the very round in which all that it waits for are ready; the names of files say nothing.
    """
    gated(running, "a", "m")
    gated(running, "m", "z")
    gated(running, "z")
    running.start()
    are(running, z="starting", m="waiting", a="waiting")
    assert running.program("a")["waits_for"] == ["m"]
    assert told(running) == ([], ["z is starting"])
    for name in "zma":
        let(running, name)
        are(running, **{name: "ready"})
    are(running, z="ready", m="ready", a="ready")
    until(partial(has_begun, running, "a"), "it has begun")

    assert log(running) == ["+z", "+m", "+a"]
    lines = (running.here / "supervisord.log").read_text().splitlines()
    began = [line.split("INFO ")[-1].split(",")[0] for line in lines if "success" not in line]
    for name, following in (("z", "m"), ("m", "a")):
        next_line = began[began.index(f"ready: {name}") + 1]
        assert next_line.startswith(f"spawned: '{following}'")
    assert told(running) == ([], [])


def test_a_diamond_waits_for_both_sides(running: Running) -> None:
    """
    And one that is waited for twice is started once.
    """
    gated(running, "top")
    gated(running, "left", "top")
    gated(running, "right", "top")
    gated(running, "bottom", "left", "right")
    running.start()
    let(running, "top", "left")
    are(running, top="ready", left="ready", right="starting", bottom="waiting")
    assert running.program("bottom")["waits_for"] == ["right"]
    let(running, "right", "bottom")
    are(running, bottom="ready")
    until(partial(has_begun, running, "bottom"), "it has begun")

    began = log(running)
    assert began[0] == "+top"
    assert began[-1] == "+bottom"
    assert sorted(began) == ["+bottom", "+left", "+right", "+top"]


def test_a_start_waits_for_its_convergence(running: Running, run: Run) -> None:
    """
    Files of an image have the defaults of its variables: what was declared waits for this start's.

    What somebody wrote by hand waits for sshd alone, whose port it could take. A second convergence
    has nothing to do.
    """
    (running.here / "environment").touch()  # as the entrypoint leaves it
    running.has(
        hand=f"[program:hand]\ncommand=sh -c '{SCRIPT.format(name='hand')}'\n"
        f"directory={running.here}\nstartsecs=0\n"
    )
    gated(running, "plain")
    gated(running, "later", "plain")
    running.start()
    assert running.conditions() == {"hand": "starting", "plain": "starting", "later": "waiting"}
    assert running.program("hand")["pid"] == 0
    assert running.call("admitPrograms") is True
    until(partial(has_begun, running, "hand"), "what was written by hand has begun")
    assert running.state().closed
    assert running.conditions() == {"hand": "ready", "plain": "starting", "later": "waiting"}
    assert log(running) == ["+hand"]

    assert running.converge(run) == []
    until(partial(has_begun, running, "plain"), "it has begun")
    assert not running.state().closed
    let(running, "plain")
    until(partial(has_begun, running, "later"), "it has begun")


def test_a_stop_goes_the_other_way(running: Running) -> None:
    """
    Whoever waited for another is told before it, and beside a priority that says otherwise.
    """
    running.has(
        hand=f"[program:hand]\ncommand=sh -c '{SCRIPT.format(name='hand')}'\n"
        f"directory={running.here}\nstartsecs=0\npriority=999\n"
    )
    gated(running, "first", "hand")
    gated(running, "second", "first")
    running.start()
    let(running, "first", "second")
    are(running, first="ready", second="ready")
    until(lambda: len(log(running)) == 3, "all have begun")
    assert running.end() == 0

    assert log(running) == ["+hand", "+first", "+second", "-second", "-first", "-hand"]


def test_who_runs_is_left_alone_when_another_restarts(running: Running, run: Run) -> None:
    """
    By hand, by a crash, and by a convergence that changes the one in the middle.
    """
    gated(running, "a")
    gated(running, "b", "a")
    gated(running, "c", "b")
    let(running, "a", "b", "c")
    running.start()
    are(running, a="ready", b="ready", c="ready")
    before = {name: running.program(name)["pid"] for name in "abc"}
    (running.here / "a.ready").unlink()
    for method in ("stopProcess", "startProcess"):
        running.call(method, "a", False)
        until(lambda: running.program("a")["statename"] != "STOPPING", "it has stopped")
    are(running, a="starting", b="ready", c="ready")
    gated(running, "b", "a", stop_seconds=1)
    running.converge(run)
    are(running, a="starting", b="waiting", c="ready")
    assert told(running).complaints == []
    let(running, "a")
    are(running, a="ready", b="ready", c="ready")
    os.kill(running.program("a")["pid"], 9)
    are(running, a="ready", b="ready", c="ready")
    after = {name: running.program(name)["pid"] for name in "abc"}

    assert after["c"] == before["c"]
    assert after["b"] != before["b"]
    assert running.state().changed == []


def test_one_that_crashes_waits_again_while_another_is_not_ready(running: Running) -> None:
    """
    It would only crash once more.
    """
    gated(running, "a")
    gated(running, "b", "a")
    let(running, "a", "b")
    running.start()
    are(running, a="ready", b="ready")
    (running.here / "a.ready").unlink()
    for name in "ab":
        os.kill(running.program(name)["pid"], 9)
    are(running, a="lost", b="waiting")
    until(lambda: told(running).complaints, "it starts again")
    verdict = told(running)
    let(running, "a")
    are(running, a="ready", b="ready")

    (complaint,) = verdict.complaints
    assert complaint.startswith("a is lost")
    assert verdict.notes == []


MISSING = {
    "failed": "[program:x]\ncommand=/no/such/program\nstartretries=0\nautorestart=false\n",
    "unknown": "",
    "by hand": "[program:x]\ncommand=sleep 1000\nautostart=false\n",
    "switched off": "[program:x]\ncommand=sleep 1000\n",
    "a circle": '[program:x]\ncommand=sleep 1\nslipway_title="x"\nslipway_after=["y"]\n',
}


@pytest.mark.parametrize(
    ("kind", "verdict"),
    [
        ("failed", ([], [])),  # its own state is all that health needs
        ("unknown", (["x is no program here, and y waits for it"], [])),
        ("by hand", (["x does not start by itself, and y waits for it"], [])),
        ("switched off", ([], ["x is switched off, and y waits for it"])),
        (
            "a circle",
            (
                [
                    "y waits for itself: `after` is a circle",
                    "x waits for itself: `after` is a circle",
                ],
                [],
            ),
        ),
    ],
)
def test_the_one_that_is_missing_is_named(
    running: Running,
    monkeypatch: pytest.MonkeyPatch,
    kind: str,
    verdict: tuple[list[str], list[str]],
) -> None:
    """
    Not the one that waits, which stays down.
    """
    monkeypatch.setenv("SLIPWAY_SERVICES_OFF", "x" if kind == "switched off" else "")
    gated(running, "y", "x")
    running.has(x=MISSING[kind])
    running.start()
    are(running, y="waiting")
    if kind == "failed":
        are(running, x="failed")
    time.sleep(0.5)  # in which it would have been started

    assert running.conditions()["y"] == "waiting"
    assert running.program("y")["waits_for"] == ["x"]
    assert sorted(told(running).complaints) == sorted(verdict[0])
    assert told(running).notes == verdict[1]
    assert log(running) == []


@pytest.mark.parametrize("name", ["pair", "pair:two", "pair:*", "two"])
def test_whom_somebody_wrote_may_be_waited_for(running: Running, name: str) -> None:
    """
    As supervisorctl calls him; ready when RUNNING.
    """
    running.has(
        hand="[group:pair]\nprograms=one,two\n"
        "[program:one]\ncommand=sleep 1000\nstartsecs=0\n"
        "[program:two]\ncommand=sleep 1000\nstartsecs=2\n"
    )
    gated(running, "x", name)
    running.start()
    are(running, one="ready", two="starting", x="waiting")
    let(running, "x")
    are(running, two="ready", x="ready")


def test_a_job_is_waited_for_until_it_is_done(running: Running) -> None:
    """
    With an exit code that its file expects.
    """
    running.has(
        job=f"[program:job]\ncommand=sh -c 'while [ ! -e {running.here}/go ]; do sleep 0.1; done'\n"
        "autorestart=false\nstartsecs=1000\nstartretries=0\n"
    )
    gated(running, "x", "job")
    running.start()
    are(running, job="starting", x="waiting")
    running.end()
    running.has(job="[program:job]\ncommand=true\nautorestart=false\nstartsecs=0\n")
    running.start()
    are(running, job="stopped", x="starting")


def test_what_waits_can_be_stopped_by_hand(running: Running, run: Run) -> None:
    """
    And stays so when the other is ready, until a convergence or somebody starts it.
    """
    gated(running, "a")
    gated(running, "b", "a")
    running.start()
    are(running, a="starting", b="waiting")
    assert running.call("stopProcess", "b") is True
    let(running, "a", "b")
    are(running, a="ready", b="stopped")
    assert running.state().down == ("b",)
    running.converge(run)
    are(running, a="ready", b="ready")


@pytest.mark.parametrize("method", ["stopAllProcesses", "stopProcessGroup"])
def test_so_it_can_with_all_or_its_group(running: Running, method: str) -> None:
    """
    Whatever is asked to be down.
    """
    gated(running, "a")
    gated(running, "b", "a")
    running.start()
    are(running, a="starting", b="waiting")
    running.call(method, *(["b"] if "Group" in method else []))
    let(running, "a", "b")
    are(running, b="stopped")


def test_all_can_be_started_by_hand_in_order(running: Running) -> None:
    """
    `supervisorctl restart all`: who is asked for waits for those that are on their way.
    """
    gated(running, "a", "z")
    gated(running, "z")
    let(running, "a", "z")
    running.start()
    are(running, a="ready", z="ready")
    running.call("stopAllProcesses")
    are(running, a="stopped", z="stopped")
    (running.here / "log").unlink()
    running.call("startAllProcesses", False)
    are(running, a="ready", z="ready")
    until(partial(has_begun, running, "a"), "it has begun")

    assert log(running) == ["+z", "+a"]


def test_a_hand_waits_for_nobody_who_is_down(running: Running) -> None:
    """
    Somebody who starts one of two knows what he does; a convergence does not.
    """
    gated(running, "a")
    gated(running, "b", "a")
    let(running, "a", "b")
    running.start()
    are(running, a="ready", b="ready")
    for name in "ba":
        running.call("stopProcess", name)
    are(running, a="stopped", b="stopped")
    running.call("startProcess", "b", False)  # as a convergence does
    are(running, a="stopped", b="waiting")
    assert running.call("startProcess", "b") is True
    are(running, a="stopped", b="ready")


def test_a_hand_waits_on_for_one_that_fails_on_its_way(running: Running) -> None:
    """
    As at the container's start; one that was down when it was asked for is not waited for.
    """
    running.has(
        bad="[program:bad]\ncommand=/no/such/program\nstartretries=0\nautorestart=false\n",
        down="[program:down]\ncommand=sleep 1000\nautostart=false\n",
    )
    gated(running, "a")
    gated(running, "b", "a", "bad", "down")
    running.start()
    are(running, bad="failed", a="starting", b="waiting")
    running.call("stopProcess", "a")
    running.call("stopProcess", "b")
    running.call("startAllProcesses", False)
    are(running, a="starting", b="waiting")
    running.call("stopAllProcesses")
    pids = []
    for name in ("a", "b"):
        pids.append(os.fork())
        if not pids[-1]:
            running.call("startProcess", name)
            os._exit(0)
        are(running, a="starting")
    are(running, b="waiting", bad="stopped", down="stopped")
    assert running.program("b")["waits_for"] == ["a"]
    os.kill(running.program("a")["pid"], 9)
    are(running, a="starting", b="waiting")
    let(running, "a", "b")
    are(running, a="ready", b="ready", bad="stopped", down="stopped")
    for pid in pids:
        os.waitpid(pid, 0)


def test_a_start_that_is_waited_for_ends_with_the_wish(running: Running) -> None:
    """
    Supervisorctl is told when somebody else has stopped what it waits for.
    """
    gated(running, "a")
    gated(running, "b", "a", autostart=False)
    running.start()
    are(running, a="starting", b="stopped")
    pid = os.fork()
    if not pid:
        answer = running.call("startProcess", "b")
        os._exit(0 if getattr(answer, "faultCode", 0) == Faults.ABNORMAL_TERMINATION else 1)
    are(running, b="waiting")
    running.call("stopProcess", "b")

    assert os.waitpid(pid, 0)[1] == 0
    assert running.conditions()["b"] == "stopped"


def test_one_that_is_switched_off_starts_by_hand_alone(
    running: Running, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    """
    By its name or its group's; a convergence does not start it, and nobody misses it.
    """
    monkeypatch.setenv("SLIPWAY_SERVICES_OFF", "x, pair:two")
    declared(running, "x", ["sleep", "1000"], ready=("true",))
    running.has(
        hand="[group:pair]\nprograms=one,two\n"
        "[program:one]\ncommand=sleep 1000\nstartsecs=0\n"
        "[program:two]\ncommand=sleep 1000\nstartsecs=0\n"
    )
    running.start()
    are(running, x="off", one="ready", two="off")
    running.converge(run)
    are(running, x="off", one="ready", two="off")
    assert told(running) == ([], [])
    running.call("startProcess", "x")
    are(running, x="ready")
    running.call("stopProcess", "x")
    are(running, x="off")
    assert running.state().down == ()
