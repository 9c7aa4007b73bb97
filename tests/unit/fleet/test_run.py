"""
Several containers: what one says costs no other its run, and what is left in each.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gevent
import pytest
from pyinfra.api.exceptions import ConnectError, InventoryError

from slipway.connectors.container import ContainerConnector
from slipway.connectors.session import Session
from slipway.connectors.shell import Result
from slipway.contract import paths, report
from slipway.fleet import run
from slipway.fleet.run import Fleet
from slipway.settings.load import load
from tests.unit.conftest import Deploy, reported

LAY = """
@task("Files")
def lay(*, path):
    have(name="Have the file", path=path)

lay(path=here / host.data.container_name)
"""


class Containers:
    """
    Containers by name, of which each is this machine.
    """

    def __init__(self) -> None:
        self.data: dict[str, dict[str, Any]] = {}
        self.commands: dict[str, list[str]] = {}
        self.left: list[str] = []

    def add(self, name: str, variables: dict[str, str], **data: Any) -> None:
        """
        Have one, with what it says of itself.
        """
        loaded = load(variables)
        ours = {"loaded": loaded, "settings": loaded.settings, "is_ours": True, "boot": "22"}
        self.data[name] = {**ours, "services": False, **data}

    def connect(self, connector: ContainerConnector) -> None:
        """
        Connect to one that there is.
        """
        name = connector.data["container_name"]
        if name not in self.data:
            raise ConnectError("no such container")
        for key, value in self.data[name].items():
            setattr(connector.host.data, key, value)

    def shell(self, session: Session) -> Any:
        """
        Return its shell, which remembers commands.
        """
        commands = self.commands.setdefault(session._container, [])  # noqa: SLF001

        def run(script: str, **_: Any) -> Result:
            commands.append(script)
            done = subprocess.run(["sh", "-c", script], check=False, capture_output=True)
            return Result(done.returncode, done.stdout, done.stderr)

        return SimpleNamespace(run=run, perform=run)


@pytest.fixture
def containers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Containers:
    """
    Containers that the connector finds; they share the contract's paths.
    """
    there = Containers()
    (tmp_path / "run").mkdir()
    monkeypatch.setattr(paths, "RUN", tmp_path / "run")
    monkeypatch.setattr(paths, "REPORT", tmp_path / "run/report.json")
    monkeypatch.setattr(paths, "UNFINISHED", tmp_path / "run/unfinished")
    patches: dict[str, Callable[..., Any]] = {  # functions: only they become methods
        "connect": lambda connector: there.connect(connector),  # noqa: PLW0108
        "disconnect": lambda connector: there.left.append(connector.data["container_name"]),
    }
    for name, method in patches.items():
        monkeypatch.setattr(ContainerConnector, name, method)
    monkeypatch.setattr(Session, "_ready_shell", lambda session: there.shell(session))  # noqa: PLW0108
    return there


def test_each_is_converged_and_has_its_report(containers: Containers, deploy: Deploy) -> None:
    """
    The report that is left is the one that is returned, the mark is gone, and each is let go.
    """
    containers.add("one", {"GPU_COUNT": "many"})
    deploy(LAY)
    made = Fleet(["one"]).run()["one"]

    assert report.load() == made
    assert [each[:3] for each in made.operations] == [("Files", "Have the file", "changed")]
    assert [refusal.variable for refusal in made.refusals] == ["GPU_COUNT"]
    assert (made.services, made.boot) == (False, "22")
    assert f": > {paths.UNFINISHED}" in containers.commands["one"][0]
    assert not paths.UNFINISHED.exists()
    assert containers.left == ["one"]


def test_each_is_asked_at_once(containers: Containers, deploy: Deploy) -> None:
    """
    After the mark; then the report. What depends on an answer is asked of the first when it comes,
    and of the others with the rest.
    """
    for name in ("one", "two", "three"):
        containers.add(name, {})
    deploy("""
@task("Files")
def lay():
    have(name="Have one", path=here / "deploy.py")
    if host.get_fact(Exists, path=here):
        have(name="Have it", path=f"{here}/./deploy.py")

lay()
""")
    reports = Fleet(["one", "two", "three"]).run()

    assert {made.counts for made in reports.values()} == {"2 unchanged"}
    assert {name: len(commands) for name, commands in containers.commands.items()} == {
        "one": 4,
        "two": 3,
        "three": 3,
    }


def test_a_check_leaves_nothing(containers: Containers, deploy: Deploy) -> None:
    containers.add("one", {})
    deploy(LAY)
    made = Fleet(["one"], is_check=True).run()["one"]

    assert made.counts == "1 changed"
    assert list(paths.RUN.iterdir()) == []
    assert not (paths.PROJECT / "one").exists()


def test_what_one_says_costs_no_other_its_run(containers: Containers, deploy: Deploy) -> None:
    """
    One that is not there, one in which a mistake of a task's shows, and one that is well.
    """
    containers.add("broken", {})
    containers.add("well", {})
    deploy(LAY + "if host.data.container_name == 'broken': raise ValueError('why')")
    reports = Fleet(["none", "broken", "well"]).run()

    assert {name: [str(each) for each in made.failed] for name, made in reports.items()} == {
        "none": ["Container: connect: no such container"],
        "broken": ["Container: converge: ValueError: why"],
        "well": [],
    }
    assert reports["broken"].boot == "22"
    assert sorted(containers.left) == ["broken", "none", "well"]


@pytest.mark.parametrize(
    ("variables", "data", "step"),
    [
        ({"SLIPWAY_STRICT": "true", "GPU_COUNT": "many"}, {}, "accept its settings"),
        ({}, {"is_ours": False}, "find Slipway"),
        ({}, {"loaded": None}, "find Slipway"),
    ],
)
def test_one_that_may_not_be_converged_keeps_its_report_and_mark(
    containers: Containers,
    deploy: Deploy,
    variables: dict[str, str],
    data: dict[str, Any],
    step: str,
) -> None:
    """
    They are those of the last convergence: no other has begun.
    """
    containers.add("one", variables, **data)
    before = reported(boot="22")
    before.save()
    paths.UNFINISHED.touch()
    deploy(LAY)
    (operation,) = Fleet(["one"]).run()["one"].failed

    assert operation.name == step
    assert containers.commands == {}
    assert report.load() == before
    assert paths.UNFINISHED.exists()


def test_a_report_that_can_not_be_left_is_a_failure(containers: Containers, deploy: Deploy) -> None:
    """
    The mark stays: health must not go by the report before.
    """
    containers.add("one", {})
    paths.REPORT.mkdir()
    deploy(LAY)
    made = Fleet(["one"]).run()["one"]

    assert [each[:3] for each in made.operations] == [
        ("Files", "Have the file", "changed"),
        ("Container", "report", "failed"),
    ]
    assert paths.UNFINISHED.exists()


def test_a_name_that_no_container_can_have_is_refused(containers: Containers) -> None:
    with pytest.raises(InventoryError, match="a container can't have this name"):
        Fleet(["a b"])


@pytest.mark.parametrize("why", ["fails", "hangs"])
def test_a_first_one_that_is_never_asked_holds_up_no_other(
    containers: Containers, deploy: Deploy, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    """
    They are asked what was foreseen for the next one.
    """

    def connect(connector: ContainerConnector) -> None:
        assert connector.ask_all(["echo a"])["echo a"].stdout == b"a\n"
        if connector.data["container_name"] == "first":
            gevent.sleep(0 if why == "fails" else 1)
            raise ConnectError(why)
        containers.connect(connector)

    monkeypatch.setattr(ContainerConnector, "connect", connect)
    monkeypatch.setattr(run, "_PATIENCE", 0.1)
    for name in ("first", "second", "third"):
        containers.add(name, {})
    deploy(LAY)
    reports = Fleet(["first", "second", "third"]).run()

    assert {name: made.counts for name, made in reports.items()} == {
        "first": "1 failed",
        "second": "1 changed",
        "third": "1 changed",
    }


@pytest.mark.parametrize("holds", [0.3, 60.0, None], ids=["ends", "goes on", "none"])
def test_a_check_waits_for_a_convergence_and_keeps_no_lock(
    containers: Containers,
    deploy: Deploy,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    holds: float | None,
) -> None:
    """
    One that runs in the container is let finish; one that has no end is said.
    """
    deploy(LAY)
    containers.add("one", {})
    lock = paths.REPORT.with_name("lock")
    monkeypatch.setattr(paths, "LOCK", lock)
    monkeypatch.setattr(run, "_CONVERGENCE", 2)
    connect = ContainerConnector.connect

    def asking(connector: ContainerConnector) -> None:
        connect(connector)
        connector.ask_all([])

    monkeypatch.setattr(ContainerConnector, "connect", asking)
    holder = None
    if holds:
        holder = subprocess.Popen(
            ["flock", lock, "sh", "-c", f"echo; exec sleep {holds}"], stdout=subprocess.PIPE
        )
        assert holder.stdout is not None
        holder.stdout.readline()
    made = Fleet(["one"], is_check=True).run()["one"]
    has_ended = holder is None or holder.poll() is not None
    if holder and holder.stdout:
        holder.kill()
        holder.wait()
        holder.stdout.close()

    assert made.totals["changed"] == 1
    assert has_ended == (holds != 60.0)
    said = "one: a convergence runs there still: what it has half done may be named"
    assert (said in capfd.readouterr().err) == (holds == 60.0)
    assert lock.exists() == bool(holds)
