"""
Operations without a host: facts go in, the exact commands come out. And runs on this machine.
"""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pyinfra.api import FactBase, FileUploadCommand
from pyinfra.context import ctx_config, ctx_host, ctx_inventory, ctx_state

from slipway.contract import paths, report
from slipway.contract.report import Report, Setting
from slipway.facts.attributes import Unchangeable
from slipway.facts.authorized_keys import UnsafePlace
from slipway.facts.files import FileStates, FileText
from slipway.facts.mounts import Mounts
from slipway.facts.places import Places
from slipway.facts.users import HomeOf

# What a deploy of the tests may use: operations that see the state, and facts that fail
WORDS = """
from pathlib import Path
from pyinfra import host
from pyinfra.api import FactBase, operation
from slipway.contract import paths
from slipway.converge.task import task
from slipway.operations.degraded import degrade
here = Path(__file__).parent

class Exists(FactBase):
    def command(self, path):
        return f"ls {path} 2>/dev/null || true"

class Broken(FactBase):
    def command(self):
        return "echo out of order >&2; exit 3"

@operation()
def have(path):
    if not host.get_fact(Exists, path=path):
        yield f"touch {path}"

@operation()
def say(command):
    yield command

@operation()
def ask():
    host.get_fact(Broken)
    yield "true"
"""


def isolated(code: str) -> str:
    """
    Run code in a Python of its own, isolated as in the image; returns what it prints.
    """
    command = [sys.executable, "-I", "-c", code]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def reported(**given: Any) -> Report:
    """
    Return the report of a convergence in which there was nothing to do, but for what is given.
    """
    nothing = Report(
        phase="start",
        started_at="2026-01-02T03:04:05.678+00:00",
        seconds=0.25,
        operations=[],
        refusals=[],
        degraded=[],
        settings={"WORKSPACE": Setting("/workspace", "default")},
        services=True,
        boot=report.boot(),
    )
    return nothing._replace(**given)


Facts = Mapping[Any, Any]  # a fact's class to its value, or to a function of its arguments


NOTHING: Facts = {
    Mounts: [], FileStates: {}, FileText: "", Places: {}, UnsafePlace: "", Unchangeable: {},
    HomeOf: "/root",
}  # fmt: skip


class FactHost:
    """
    A host that knows only the facts it is told, and answers them like pyinfra's.

    Nothing is mounted in it, and nothing is there, unless it is told.
    """

    def __init__(self, facts: Facts) -> None:
        self.facts = {**NOTHING, **facts}
        self.state = SimpleNamespace(is_executing=True)
        self.connector_data: dict[str, Any] = {}
        self.noops: list[str] = []
        self.data: dict[str, Any] = {}

    def get_fact(self, fact: type[FactBase[Any]], **arguments: Any) -> Any:
        """
        Return the fact; a function is called with the fact's arguments.
        """
        known = self.facts[fact]
        return known(**arguments) if callable(known) else known

    def noop(self, description: str) -> None:
        """
        Keep why nothing is done.
        """
        self.noops.append(description)

    def log(self, _message: str) -> None:
        """
        Say nothing.
        """


class Run:
    """
    Runs an operation against facts.
    """

    host: FactHost

    def __call__(self, operation: Any, *, facts: Facts, **arguments: Any) -> list[str]:
        """
        Return the operation's commands, uploads as `PATH <- CONTENT`.
        """
        self.host = FactHost(facts)
        with ctx_host.use(self.host):
            return [_text(command) for command in operation._inner(**arguments)]  # noqa: SLF001


@pytest.fixture
def run() -> Run:
    """
    Run operations without a host.
    """
    return Run()


Deploy = Callable[[str], None]


@pytest.fixture
def deploy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Deploy]:
    """
    Replace deploy.py by code that may use WORDS. What pyinfra keeps for the process is put back.
    """
    monkeypatch.setattr(paths, "PROJECT", tmp_path)
    logger = logging.getLogger("pyinfra")
    before = logger.handlers, logger.propagate

    def write(code: str) -> None:
        (tmp_path / "deploy.py").write_text(WORDS + code)

    yield write
    logger.handlers, logger.propagate = before
    for context in (ctx_config, ctx_host, ctx_inventory, ctx_state):
        context.reset()


def _text(command: Any) -> str:
    if isinstance(command, FileUploadCommand):
        assert isinstance(command.src, BytesIO)
        return f"{command.dest} <- {command.src.getvalue().decode()}"
    return str(command)


def lay_processes(proc: Path, processes: dict[int, tuple[int, str]]) -> None:
    """
    Lay what /proc has of processes: by number, the parent's number and the words.
    """
    for pid, (parent, words) in processes.items():
        place = proc / str(pid)
        (place / "task" / str(pid)).mkdir(parents=True)
        (place / "cmdline").write_bytes(words.replace(" ", "\0").encode())
        (place / "stat").write_text(f"{pid} (a b) S {parent} 1 1 0")
        children = [str(child) for child, (of, _) in processes.items() if of == pid]
        (place / "task" / str(pid) / "children").write_text(" ".join(children))
