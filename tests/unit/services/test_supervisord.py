"""
Slipway's supervisord: a real one, with programs in a directory of the test's.
"""

from __future__ import annotations

import errno
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pyinfra.context import ctx_host
from supervisor import events

from slipway.commands import health
from slipway.connectors.native import Inside
from slipway.contract import paths, report
from slipway.contract.report import Degraded
from slipway.facts import supervisor as facts
from slipway.facts.supervisor import Supervisord, SupervisordState
from slipway.operations import supervisor
from slipway.operations.remotes import configuration
from slipway.services import supervisord
from slipway.services.supervisord import ENDINGS, FirstKey, Options
from slipway.system import supervisor_rpc
from tests.unit.conftest import FactHost, Run, reported

PROJECT = Path(__file__).parents[3]
PATIENCE = 30.0
# No process is to be had while there is a file `scarce`
SCRIPT = """
import errno, os, sys
from pathlib import Path
from slipway.contract import paths
here = Path(sys.argv[1])
paths.PROCESSES = here / "processes"
fork = os.fork
def scarce():
    if (here / "scarce").exists():
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
    return fork()
os.fork = scarce
from slipway.services import supervisord
supervisord.main(["-n", "-c", str(here / "supervisord.conf")])
"""
CONFIGURATION = """
[unix_http_server]
file={here}/socket
[supervisord]
logfile={here}/supervisord.log
pidfile={here}/pid
childlogdir={here}
silent=true
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=slipway.services.rpc_interface:make
[include]
files={here}/*.conf.d
"""
SLEEP = "command=sleep 1000\nstartsecs=0\n"


def until(condition: Callable[[], Any], what: str) -> Any:
    """
    Return the first true value of a condition.
    """
    end = time.monotonic() + PATIENCE
    while not (value := condition()):
        assert time.monotonic() < end, f"not within {PATIENCE} s: {what}"
        time.sleep(0.02)
    return value


class Running:
    """
    A supervisord with the files that it was given.
    """

    process: subprocess.Popen[bytes]

    def __init__(self, here: Path) -> None:
        self.here = here
        self.socket = here / "socket"
        (here / "supervisord.conf").write_text(CONFIGURATION.format(here=here))

    def has(self, **files: str) -> None:
        """
        Write files of programs.
        """
        for name, text in files.items():
            (self.here / f"{name}.conf.d").write_text(text)

    def start(self) -> None:
        """
        Start it; returns when it answers.
        """
        command = [sys.executable, "-c", SCRIPT, str(self.here)]
        self.process = subprocess.Popen(command, cwd=PROJECT)
        until(self.answers, "it answers")

    def answers(self) -> bool:
        """
        Tell whether it does.
        """
        try:
            self.programs()
        except OSError:
            return False
        return True

    def programs(self) -> dict[str, dict[str, Any]]:
        """
        Return what it says of each process.
        """
        told = supervisor_rpc.ask(self.socket, "supervisor.getAllProcessInfo", timeout=5)
        return {f"{process['group']}:{process['name']}": process for process in told}

    def states(self) -> dict[str, str]:
        """
        Return each process's state.
        """
        return {name: process["statename"] for name, process in self.programs().items()}

    def call(self, method: str, *words: Any) -> Any:
        """
        Call one method.
        """
        return supervisor_rpc.call(self.socket, [(f"supervisor.{method}", words)], timeout=5)[0]

    def state(self) -> Supervisord:
        """
        Return what a convergence would see.
        """
        command = SupervisordState().command()
        assert isinstance(command, Inside)
        seen = SupervisordState().process(command.act().stdout.decode().splitlines())
        assert seen is not None
        return seen

    def converge(self, run: Run) -> None:
        """
        Do what a convergence would.
        """
        run.host = FactHost({SupervisordState: self.state()})
        with ctx_host.use(run.host):
            for command in supervisor.update._inner():  # noqa: SLF001
                assert isinstance(command, Inside)
                assert command.act().code == 0

    def end(self, number: int = signal.SIGTERM) -> int:
        """
        Signal it; returns its exit code.
        """
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


@pytest.fixture
def running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """
    A supervisord that is to be started, and is gone when the test ends.
    """
    running = Running(tmp_path)
    monkeypatch.setattr(facts, "SUPERVISOR_SOCKET", running.socket)
    yield running
    (tmp_path / "scarce").unlink(missing_ok=True)
    if running.process.poll() is None:
        running.end()


def test_a_fork_that_fails_leaves_no_signal_blocked(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    `docker stop` of a container whose pids are used up.
    """

    def fail() -> int:
        raise OSError(errno.EAGAIN, "none left")

    monkeypatch.setattr(os, "fork", fail)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    try:
        with pytest.raises(OSError, match="none left"):
            Options().fork()
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

    assert not blocked & set(ENDINGS)


def test_without_processes_it_waits_and_still_ends(running: Running) -> None:
    """
    FATAL for want of a process: no hot loop meanwhile, a comeback, and TERM ends it.
    """
    running.has(web=f"[program:web]\n{SLEEP}startretries=0\n")
    (running.here / "scarce").touch()
    running.start()
    until(lambda: running.states()["web:web"] == "FATAL", "it is given up")

    def ticks() -> int:
        fields = Path(f"/proc/{running.process.pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    before = ticks()
    time.sleep(1.5)
    assert ticks() - before < 0.2 * os.sysconf("SC_CLK_TCK")
    assert running.end() == 0


def test_a_log_has_its_programs_name(running: Running) -> None:
    """
    Also where its file chooses none: with the mode of those that do, and it outlives a restart.
    """
    say = "command=sh -c 'echo out; echo err >&2; exec sleep 1000'\nstartsecs=0\n"
    running.has(
        web=f"[program:web]\n{say}",
        named=f"[program:named]\n{say}stdout_logfile={running.here}/named.log\n",
    )
    for times in (1, 2):
        running.start()
        logs = {name: running.here / f"{name}.log" for name in ("web", "web-stderr", "named")}
        until(
            lambda: all(
                path.exists() and len(path.read_text().splitlines()) == times  # noqa: B023
                for path in logs.values()  # noqa: B023
            ),
            f"{times} lines in each",
        )
        assert running.end() == 0

    assert logs["web"].read_text() == "out\n" * 2
    assert logs["web-stderr"].read_text() == "err\n" * 2
    assert stat.S_IMODE(logs["web"].stat().st_mode) == stat.S_IMODE(logs["named"].stat().st_mode)


def test_processes_of_one_name_share_no_log(running: Running) -> None:
    """
    Two would rotate each other's.
    """
    options = "process_name=0\ncommand=sh -c 'echo %(group_name)s; exec sleep 1000'\n"
    running.has(**{name: f"[program:{name}]\n{options}" for name in ("one", "two")})
    running.start()
    logs = until(
        lambda: len(found := list(running.here.glob("0*.log"))) == 4 and found, "four logs"
    )

    said = until(
        lambda: sorted(text for path in logs if (text := path.read_text())) or None, "they spoke"
    )
    assert set(said) <= {"one\n", "two\n"}


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


class Watched:
    """
    What FirstKey looks at: sshd, the two files, and what is started.
    """

    def __init__(self, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.keys, self.fallback = here / "authorized_keys", here / "fallback"
        self.runs = False
        self.laststart = 0.0
        self.refuses = False
        self.started = 0
        self.said: list[str] = []
        monkeypatch.setattr(supervisord, "AUTHORIZED_KEYS", self.keys)
        monkeypatch.setattr(supervisord, "KEYS_FALLBACK", self.fallback)
        monkeypatch.setattr(report, "load", reported)
        monkeypatch.setattr(subprocess, "Popen", self.popen)
        monkeypatch.setattr(events, "subscribe", lambda *_: None)
        logger = SimpleNamespace(critical=lambda text, **words: self.said.append(text % words))
        self.watch = FirstKey(
            SimpleNamespace(  # type: ignore[arg-type]
                process_groups={"sshd": self}, options=SimpleNamespace(logger=logger)
            )
        )

    @property
    def processes(self) -> dict[str, Any]:
        """As a group has them."""
        return {"sshd": self}

    def get_unstopped_processes(self) -> list[Any]:
        """As a group has them."""
        return [self] if self.runs else []

    def popen(self, _command: list[str]) -> None:
        """Start a convergence."""
        if self.refuses:
            raise OSError(errno.EAGAIN, "none left")
        self.started += 1

    def looks(self, times: int = 2) -> int:
        """Look; returns how many convergences that has begun."""
        before = self.started
        for _ in range(times):
            self.watch.look(None)
        return self.started - before


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watched:
    """
    A container without a key, whose sshd has not run.
    """
    return Watched(tmp_path, monkeypatch)


def test_a_convergence_that_can_not_be_started_is_tried_again(watched: Watched) -> None:
    """
    Without processes; it is said, and ends nothing.
    """
    watched.keys.write_text("key")
    watched.refuses = True
    assert watched.looks() == 0
    assert watched.said == ["no convergence for a first key: none left"] * 2
    watched.refuses = False

    assert watched.looks() == 1


def test_a_key_counts_where_it_is_kept(watched: Watched) -> None:
    """
    With authorized_keys mounted, keys are in Slipway's own file.
    """
    assert watched.looks() == 0
    watched.fallback.write_text("key")

    assert watched.looks() == 1


def test_an_sshd_that_ran_and_is_new_again_is_started(watched: Watched) -> None:
    """
    With the keys of before: supervisord has its file anew. One that was stopped stays so.
    """
    watched.keys.write_text("key")
    assert watched.looks() == 1
    watched.runs, watched.laststart = True, 5.0
    assert watched.looks() == 0
    watched.runs = False
    assert watched.looks() == 0
    watched.laststart = 0.0

    assert watched.looks() == 1
