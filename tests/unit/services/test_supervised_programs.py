"""
Programs of a real supervisord, as a convergence and health see them.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from slipway.commands import health
from slipway.contract import paths, report
from slipway.contract.report import Degraded
from slipway.operations.remotes import configuration
from tests.unit.conftest import Run, reported
from tests.unit.services.conftest import SLEEP, Running, until


def test_what_is_down_is_one_process_of_a_group(running: Running, run: Run) -> None:
    """
    Only it is named and started: no one-shot a second time, nothing that is started by hand.
    """
    running.has(
        workers=f"[program:worker]\n{SLEEP}numprocs=2\nprocess_name=worker_%(process_num)02d\n",
        mixed=f"[group:mixed]\nprograms=web,once,manual\n"
        f"[program:web]\n{SLEEP}"
        f"[program:once]\ncommand=sh -c 'echo x >> {running.here}/once'\nstartsecs=0\n"
        "autorestart=false\n"
        f"[program:manual]\n{SLEEP}autostart=false\n",
    )
    running.start()
    until(lambda: running.states()["mixed:once"] == "EXITED", "the one-shot is done")
    assert running.state().down == ()
    for name in ("worker:worker_00", "mixed:web"):
        assert running.call("stopProcess", name) is True
    assert running.state().down == ("mixed:web", "worker:worker_00")
    running.converge(run)

    assert running.states() == {
        "mixed:manual": "STOPPED",
        "mixed:once": "EXITED",
        "mixed:web": "RUNNING",
        "worker:worker_00": "RUNNING",
        "worker:worker_01": "RUNNING",
    }
    assert (running.here / "once").read_text() == "x\n"


def test_what_ran_goes_on_when_its_file_changed(running: Running, run: Run) -> None:
    """
    Also what does not start with supervisord, as sshd; what did not run stays as it was.
    """
    text = f"{SLEEP}autostart=false\n"
    running.has(sshd=f"[program:sshd]\n{text}", manual=f"[program:manual]\n{text}")
    running.start()
    assert running.call("startProcess", "sshd") is True
    before = running.programs()["sshd:sshd"]["pid"]
    running.has(
        sshd=f"[program:sshd]\n{text}priority=7\n", manual=f"[program:manual]\n{text}priority=7\n"
    )
    running.converge(run)

    assert running.states() == {"manual:manual": "STOPPED", "sshd:sshd": "RUNNING"}
    assert running.programs()["sshd:sshd"]["pid"] != before
    assert run.host.noops == []


def test_a_program_that_can_not_be_started_fails_no_convergence(running: Running, run: Run) -> None:
    """
    Health has the words for it, and it may come back before the next convergence.
    """
    running.has(broken="[program:broken]\ncommand=/no/such/program\nstartretries=0\n")
    running.start()
    until(lambda: running.states()["broken:broken"] == "FATAL", "it is given up")

    assert running.state().down == ("broken",)
    running.converge(run)


@pytest.fixture
def examined(monkeypatch: pytest.MonkeyPatch, running: Running) -> Callable[[], health.Verdict]:
    """
    Health's question, after a convergence without sshd.
    """
    last = reported(degraded=[Degraded("sshd", "none here")])
    monkeypatch.setattr(report, "load", lambda: last)
    monkeypatch.setattr(paths, "SUPERVISOR_SOCKET", running.socket)
    for name in ("UNFINISHED", "DEVICES", "LOCK"):
        monkeypatch.setattr(paths, name, running.here / "none")
    return health.examine


@pytest.mark.parametrize(
    ("exitcodes", "code", "healthy"), [("0,3", 3, True), ("0", 3, False), ("3", 0, False)]
)
def test_a_job_is_done_with_the_exit_codes_of_its_file(
    running: Running,
    examined: Callable[[], health.Verdict],
    exitcodes: str,
    code: int,
    *,
    healthy: bool,
) -> None:
    """
    `exitcodes` says what success is, whatever the number.
    """
    job = f"command=sh -c 'exit {code}'\nstartsecs=0\nautorestart=false\nexitcodes={exitcodes}\n"
    running.has(job=f"[program:job]\n{job}")
    running.start()
    until(lambda: running.states()["job:job"] == "EXITED", "it is done")

    verdict = examined()
    assert verdict.healthy is healthy
    assert healthy or verdict.line.startswith("unhealthy: job is EXITED")


def test_a_remote_is_known_by_what_only_remotes_have(
    running: Running, examined: Callable[[], health.Verdict]
) -> None:
    """
    A user's program may be called so, and is one like any other.
    """
    text = configuration("far", ["mount", "--", "far"], 5, "")
    running.has(
        far=text.replace("/var/log/supervisor", str(running.here)),
        user="[program:remote-desktop]\ncommand=/no/such/program\nstartretries=0\n",
    )
    running.start()
    until(lambda: running.states()["remote-desktop:remote-desktop"] == "FATAL", "it is given up")
    told = {process["name"]: process["remote"] for process in running.programs().values()}

    assert told == {"remote-desktop": False, "remote-far": True}
    assert examined().line.startswith("unhealthy: remote-desktop is FATAL")
