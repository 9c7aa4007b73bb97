"""
A real supervisord of ours, with programs in a directory of the test's.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from pyinfra.context import ctx_host

from slipway.connectors.native import Inside
from slipway.contract import paths
from slipway.facts import supervisor as facts
from slipway.facts.supervisor import Supervisord, SupervisordState
from slipway.operations import supervisor
from slipway.services.declaration import Declared, Program
from slipway.system import supervisor_rpc
from tests.unit.conftest import FactHost, Run

PROJECT = Path(__file__).parents[3]
PATIENCE = 30.0
# No process is to be had while there is a file `scarce`
SCRIPT = """
import errno, os, sys
from pathlib import Path
from slipway.contract import paths
here = Path(sys.argv[1])
paths.PROCESSES, paths.RUN = here / "processes", here / "run"
paths.ENVIRONMENT = here / "environment"
paths.LOGS, paths.OWN_PROGRAMS = here, here / "own"
paths.OWN_SUPERVISORD_CONF = here / "own.conf"
fork = os.fork
def scarce():
    if (here / "scarce").exists():
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
    return fork()
os.fork = scarce
from supervisor.events import Tick5Event
Tick5Event.period = 1  # what it looks at every five seconds
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
        for name in ("supervisord.conf", "own.conf"):
            (here / name).write_text(CONFIGURATION.format(here=here))

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

    def conditions(self) -> dict[str, str]:
        """
        Return each program's condition, by its name.
        """
        return {each["name"]: each["condition"] for each in self.programs().values()}

    def program(self, name: str) -> dict[str, Any]:
        """
        Return what it says of one program.
        """
        return self.programs()[f"{name}:{name}"]

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

    def converge(self, run: Run) -> list[str]:
        """
        Do what a convergence would; returns what it complains of.
        """
        run.host = FactHost({SupervisordState: self.state()})
        complaints = []
        with ctx_host.use(run.host):
            for command in supervisor.update._inner():  # noqa: SLF001
                assert isinstance(command, Inside)
                done = command.act()
                if isinstance(command, supervisor.Complaint):
                    complaints.append(done.stderr.decode())
                else:
                    assert done.code == 0
        return complaints

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
    if hasattr(running, "process") and running.process.poll() is None:
        running.end()


def declared(running: Running, name: str, command: Sequence[str], **given: Any) -> None:
    """
    Write the file of a declared program, as `service.program` does.
    """
    own = Declared(**{key: given.pop(key) for key in Declared._fields if key in given})
    text = Program(name, tuple(command), own, **given).text()
    running.has(**{name: text.replace(str(paths.LOGS), str(running.here))})
