"""
Programs that do not stay in the foreground, and those that end because they are done.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from slipway.commands import health, status
from slipway.contract import paths
from slipway.services import strays, told
from tests.unit.services.conftest import Running, until

# A daemon as in the books: two forks and a session of its own; it writes its number
DAEMON = """
import os, signal, sys, time
here = sys.argv[1]
def begin():
    number = os.open(f"{here}/daemons", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(number, f"{os.getpid()}\\n".encode())
if "deaf" in sys.argv:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork():
    if "slow" in sys.argv:
        time.sleep(0.3)
    os._exit(1 if "fails" in sys.argv else 0)
if "same session" not in sys.argv:
    os.setsid()
if os.fork():
    os._exit(0)
for descriptor in range(0 if "keeps its output" not in sys.argv else 3, 3):
    os.dup2(os.open(os.devnull, os.O_RDWR), descriptor)
if "parent" in sys.argv and os.fork() == 0:
    begin()
    time.sleep(1000)
if "keeps its output" in sys.argv:
    begin()
    os.execve("/bin/sleep", ["sleep", "1000"], {})
if "bare" in sys.argv:
    begin()
    os.execve(sys.executable, [sys.executable, "-c", "import time; time.sleep(1000)"], {})
begin()
time.sleep(1000)
"""


def daemon(running: Running, *words: str) -> str:
    """
    Return the command of a daemon.
    """
    script = running.here / "daemon.py"
    script.write_text(DAEMON)
    quoted = " ".join(f"'{word}'" for word in words)
    return f"{sys.executable} {script} {running.here} {quoted}"


def begun(running: Running) -> list[int]:
    """
    Return the daemons that there have been.
    """
    file = running.here / "daemons"
    return [int(line) for line in file.read_text().splitlines()] if file.exists() else []


def alive(pids: list[int]) -> list[int]:
    """
    Return those that are there.
    """
    return [pid for pid in pids if Path(f"/proc/{pid}/exe").exists() and not _is_zombie(pid)]


def _is_zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


@pytest.fixture(autouse=True)
def nothing_stays(running: Running) -> Iterator[None]:
    """
    A test's daemons end with it.
    """
    yield
    for pid in alive(begun(running)):
        os.kill(pid, signal.SIGKILL)


KINDS = {
    "a daemon": ("", []),
    "in the same session": ("", ["same session"]),
    "that fails": ("", ["fails"]),
    "that is slow to go": ("", ["slow"]),
    "deaf to TERM": ("", ["deaf"]),
    "with children": ("", ["parent"]),
    "without variables": ("", ["bare"]),
    "without variables, another program": ("", ["bare", "keeps its output"]),
    "with a session that fails": ("", ["fails", "deaf", "parent"]),
}


@pytest.mark.parametrize(("options", "words"), KINDS.values(), ids=KINDS)
def test_a_daemon_leaves_nothing_behind(running: Running, options: str, words: list[str]) -> None:
    """
    One at a time at most, and none at the end; what it has to do is told.
    """
    command = daemon(running, *words)
    running.has(web=f"[program:web]\ncommand={command}\nstartretries=2\n{options}")
    running.start()
    most = 0

    def is_given_up() -> bool:
        nonlocal most
        most = max(most, len(alive(begun(running))))
        return running.states()["web:web"] == "FATAL"

    until(is_given_up, "it is given up")
    assert most <= (4 if "parent" in words else 2)  # one that was told to end, and the next
    until(lambda: not alive(begun(running)), "all have ended")
    assert "must stay in the foreground" in running.programs()["web:web"]["spawnerr"]
    assert "web: it must stay in the foreground" in (running.here / "supervisord.log").read_text()


def test_shells_leave_nothing_behind_either(running: Running) -> None:
    """
    `&` at the end of a command, nohup and setsid.
    """
    for number, prefix in enumerate(("", "nohup ", "setsid ")):
        script = running.here / f"{number}.sh"
        script.write_text(f"{prefix}sleep 1000 &\necho $! >> {running.here}/daemons\n")
        running.has(**{f"p{number}": f"[program:p{number}]\ncommand=sh {script}\nstartretries=1\n"})
    running.start()
    until(lambda: set(running.states().values()) == {"FATAL"}, "all are given up")

    assert len(begun(running)) == 6
    until(lambda: not alive(begun(running)), "all have ended")


def test_a_daemon_that_is_stopped_leaves_nothing(running: Running) -> None:
    """
    Also while the next try is waited for.
    """
    running.has(web=f"[program:web]\ncommand={daemon(running, 'deaf')}\nstartretries=1000\n")
    running.start()
    until(lambda: running.states()["web:web"] == "BACKOFF", "it has failed")
    running.call("stopProcess", "web")

    until(lambda: not alive(begun(running)), "all have ended")


def test_what_a_program_leaves_after_a_while_is_ended_too(running: Running) -> None:
    """
    Its process group, before it begins again; what it has given a session of its own stays.
    """
    script = running.here / "slow.sh"
    script.write_text(
        f"sleep 1000 &\necho $! >> {running.here}/daemons\nsetsid sleep 1000 &\nsleep 3.2\n"
    )
    running.has(web=f"[program:web]\ncommand=sh {script}\nautorestart=true\n")
    running.start()
    until(lambda: len(begun(running)) > 2, "it began three times")
    sessions = _sessions(running)

    assert len(alive(begun(running))) == 1
    assert len(sessions) > 1
    assert "web: it must stay in the foreground" in (running.here / "supervisord.log").read_text()
    for pid in sessions:
        os.kill(pid, signal.SIGKILL)


def _sessions(running: Running) -> list[int]:
    """
    Return the leaders of sessions that bear this supervisord's mark.
    """
    mark = f"SUPERVISOR_SERVER_URL=unix://{running.socket}".encode()
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended
            is_sleep = (path / "comm").read_text() == "sleep\n"
            is_leader = os.getsid(int(path.name)) == int(path.name)
            if is_sleep and is_leader and mark in (path / "environ").read_bytes():
                found.append(int(path.name))
    return found


def test_a_job_that_ran_for_a_while_tells_what_it_left(running: Running) -> None:
    script = running.here / "job.sh"
    script.write_text(f"sleep 1000 &\necho $! >> {running.here}/daemons\nsleep 3.2\n")
    running.has(job=f"[program:job]\ncommand=sh {script}\n")
    running.start()
    until(lambda: running.states()["job:job"] == "EXITED", "it is done")

    assert running.program("job")["left"] == 1
    assert len(alive(begun(running))) == 1


def test_others_processes_are_left_alone(running: Running) -> None:
    """
    Somebody's own in the same moment, and another program's daemon that is its job's outcome.
    """
    running.has(
        job=f"[program:job]\ncommand={daemon(running)}\nstartsecs=0\nautorestart=false\n",
        web="[program:web]\ncommand=sh -c 'sleep 0.2; exit 1'\nstartretries=2\n",
    )
    running.start()
    until(lambda: running.states()["web:web"] == "FATAL", "it is given up")

    assert len(alive(begun(running))) == 1


def test_only_what_a_try_has_left_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Not what began before it, nor what somebody runs in a terminal that is older.
    """
    table = {
        1: strays._Process(0, 1, 0),  # noqa: SLF001
        5: strays._Process(1, 5, 10),  # noqa: SLF001 - supervisord
        20: strays._Process(1, 7, 100),  # noqa: SLF001 - the try's group
        21: strays._Process(20, 21, 101),  # noqa: SLF001 - its child
        22: strays._Process(1, 22, 102),  # noqa: SLF001 - of the program, by its variables
        30: strays._Process(1, 7, 50),  # noqa: SLF001 - older: of a try before
        31: strays._Process(30, 31, 103),  # noqa: SLF001 - that one's child
        40: strays._Process(5, 40, 104),  # noqa: SLF001 - supervised
        41: strays._Process(40, 41, 105),  # noqa: SLF001 - its child
        42: strays._Process(1, 42, 106),  # noqa: SLF001 - somebody else's
    }
    monkeypatch.setattr(strays, "_table", lambda: table)
    monkeypatch.setattr(os, "getpid", lambda: 5)
    monkeypatch.setattr(
        strays, "_is_of", lambda pid, process, by: process.group == by.pid or pid in (22, 40, 41)
    )

    assert strays.left(strays.Try(7, 99, "/bin/web", frozenset())) == [20, 21, 22]


def _said(running: Running, monkeypatch: pytest.MonkeyPatch) -> told.Told:
    monkeypatch.setattr(paths, "SUPERVISOR_SOCKET", running.socket)
    return told.ask(timeout=5)


DONE = [
    ("", "done, with exit code 0 (autorestart=true would start it again)", True),
    ("autorestart=false\n", "done, with exit code 0", False),
]


@pytest.mark.parametrize(("options", "words", "is_noted"), DONE)
def test_a_program_that_is_done_stays_so_and_is_told(
    running: Running, monkeypatch: pytest.MonkeyPatch, options: str, words: str, *, is_noted: bool
) -> None:
    """
    With supervisor's default an exit code of 0 is its own wish.
    """
    running.has(job=f"[program:job]\ncommand=true\nstartsecs=0\n{options}")
    running.start()
    until(lambda: running.states()["job:job"] == "EXITED", "it is done")
    (program,) = _said(running, monkeypatch).programs

    assert status._described(program).endswith(words)  # noqa: SLF001
    findings = health.Findings()
    health._examine_programs(findings, [program])  # noqa: SLF001
    assert findings.complaints == []
    assert findings.notes == (["job is done, with exit code 0"] if is_noted else [])


def test_a_program_that_should_come_back_does(running: Running) -> None:
    """
    `autorestart=true`, whatever its exit code.
    """
    running.has(job="[program:job]\ncommand=sleep 0.1\nstartsecs=0\nautorestart=true\n")
    running.start()

    until(lambda: running.programs()["job:job"]["ends"] > 1, "it came back")


def test_a_daemon_of_a_job_is_told(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    It runs on, as everywhere with supervisor, and that nobody looks after it is said.
    """
    command = daemon(running)
    running.has(job=f"[program:job]\ncommand={command}\nstartsecs=0\n")
    running.start()
    until(lambda: running.states()["job:job"] == "EXITED" and begun(running), "it is done")
    (program,) = until(lambda: _left(running, monkeypatch), "its daemon is seen")

    assert "it left 1 running, which nobody supervises" in status._described(program)  # noqa: SLF001
    findings = health.Findings()
    health._examine_programs(findings, [program])  # noqa: SLF001
    assert findings.notes == [
        "job is done: it left 1 running, which nobody supervises: it must stay in the foreground"
    ]


def _left(running: Running, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    programs = _said(running, monkeypatch).programs
    return programs if programs[0]["left"] else []
