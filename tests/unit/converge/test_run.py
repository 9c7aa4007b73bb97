"""
The core of every run: what operations did, what failed, and the report, for one host or two.
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from pyinfra.api.exceptions import ConnectError, InventoryError

from slipway.connectors.live import LiveConnector
from slipway.contract.report import Degraded, Operation, Report, Setting
from slipway.converge import run
from slipway.converge.complaints import MAX_DETAIL
from slipway.converge.run import Begun, Run
from slipway.settings.load import load
from slipway.settings.variables import Settings
from tests.unit.conftest import Deploy

DATA: dict[str, Any] = {"settings": Settings()}


def ran(*, is_check: bool = False, **data: Any) -> list[Operation]:
    """
    Run the deploy on this machine; returns what became of it.
    """
    one = Run([("@live", {**DATA, **data})], is_check=is_check)
    (host,) = one.hosts
    one.connect(host)
    one.deploy(host)
    return one.operations(host)


def outcomes(operations: list[Operation]) -> list[tuple[str, str, str, str]]:
    """
    Return all but the seconds.
    """
    return [(each.task, each.name, each.outcome, each.detail) for each in operations]


def test_a_second_run_changes_nothing(deploy: Deploy, tmp_path: Path) -> None:
    """
    Outcomes are the operations' own; what each took is told.
    """
    deploy("""
@task("Files")
def lay(*, path):
    have(name="Have the file", path=path)

lay(path=here / "file")
""")

    first, second = ran(), ran()

    assert outcomes(first) == [("Files", "Have the file", "changed", "")]
    assert outcomes(second) == [("Files", "Have the file", "unchanged", "")]
    assert first[0].seconds > 0
    assert (tmp_path / "file").exists()


def test_a_check_says_what_would_change_and_changes_nothing(deploy: Deploy, tmp_path: Path) -> None:
    (tmp_path / "there").touch()
    deploy("""
@task("Files")
def lay():
    have(name="Have one", path=here / "there")
    have(name="Have another", path=here / "missing")

lay()
""")

    assert outcomes(ran(is_check=True)) == [
        ("Files", "Have one", "unchanged", ""),
        ("Files", "Have another", "changed", "Have another: would change"),
    ]
    assert not (tmp_path / "missing").exists()


def test_a_check_asks_of_what_is_right_once(deploy: Deploy, tmp_path: Path) -> None:
    """
    Whether an operation changes something is known after its facts; its commands are not asked for.
    """
    deploy("""
@operation()
def count():
    with (here / "asked").open("a") as asked:
        asked.write(".")
    return
    yield

count(name="Count")
""")
    ran(is_check=True)

    assert (tmp_path / "asked").read_text() == "."


@pytest.mark.parametrize(
    ("command", "detail"),
    [
        ("echo said; echo why >&2; echo more >&2; exit 3", "why more"),
        ("echo said; exit 3", "said"),
        ("exit 3", "exit ended with exit code 3, and said nothing"),
        ("echo @@@@ >&2; exit 3", "echo ended with exit code 3, and said nothing"),
        ("echo some >&2; echo @@@ >&2; echo it is denied >&2; exit 3", "it is denied"),
        (f"printf %0{MAX_DETAIL + 1}d 0 >&2; exit 3", "0" * MAX_DETAIL),
    ],
)
def test_a_failed_operation_ends_its_task_and_no_other(
    deploy: Deploy, tmp_path: Path, command: str, detail: str
) -> None:
    """
    Its detail is what it said: errors before anything else, and how it ended where it is silent.
    """
    deploy(f"""
@task("First")
def first():
    say(name="Fail", command={command!r})
    have(name="Have the file", path=here / "never")

@task("Second")
def second():
    have(name="Have the file", path=here / "file")

first()
second()
""")

    assert outcomes(ran()) == [
        ("First", "Fail", "failed", detail),
        ("Second", "Have the file", "changed", ""),
    ]
    assert not (tmp_path / "never").exists()


def test_a_failed_fact_between_operations_is_its_tasks_failure(deploy: Deploy) -> None:
    """
    With what the fact said, and without the host's name before each line.
    """
    deploy("""
@task("First")
def first():
    host.get_fact(Broken)

@task("Second")
def second():
    have(name="Have the file", path=here / "file")

first()
second()
""")

    assert outcomes(ran()) == [
        ("Second", "Have the file", "changed", ""),
        (
            "First",
            "read the facts",
            "failed",
            "out of order Error: could not load fact: deploy.Broken",
        ),
    ]


def test_a_failed_fact_of_an_operation_is_said_once(deploy: Deploy) -> None:
    """
    The operation has failed; its task is not named again.
    """
    deploy("""
@task("First")
def first():
    ask(name="Ask")

first()
""")

    assert outcomes(ran()) == [
        ("First", "Ask", "failed", "out of order Error: could not load fact: deploy.Broken")
    ]


def test_a_check_that_fails_says_so(deploy: Deploy) -> None:
    """
    By task; the next task is checked all the same.
    """
    deploy("""
@task("First")
def first():
    ask(name="Ask")

first()
""")

    assert outcomes(ran(is_check=True)) == [
        (
            "First",
            "read the facts",
            "failed",
            "out of order Error: could not load fact: deploy.Broken",
        )
    ]


OURS = """
from slipway.operations.independent import operation as ours

@ours()
def broken(*, error):
    raise error
    yield

@ours()
def sound():
    yield "true"

@task("First")
def first():
    broken(name="Break", error=ERROR)
    sound(name="Go on")

first()
"""


@pytest.mark.parametrize("is_check", [False, True])
@pytest.mark.parametrize(
    ("error", "said"),
    [
        ('PyinfraError("no fact")', "no fact"),
        ('OSError(5, "Input/output error")', "OSError: [Errno 5] Input/output error"),
        ("IndexError(0)", "IndexError: 0"),
        ('UnicodeDecodeError("utf-8", b"", 0, 1, "odd")', "UnicodeDecodeError: "),
    ],
)
def test_an_operation_of_ours_costs_only_itself(
    deploy: Deploy, error: str, said: str, *, is_check: bool
) -> None:
    """
    Whatever it met: the next one of its task goes on, and the failure is said once.
    """
    deploy(f"from pyinfra.api.exceptions import PyinfraError\n{OURS.replace('ERROR', error)}")
    done = {each.name: each for each in ran(is_check=is_check)}

    assert (done["Break"].outcome, done["Go on"].outcome) == ("failed", "changed")
    assert done["Break"].detail.startswith(said)
    assert len(done) == 2


def test_an_operation_has_its_outermost_task(deploy: Deploy) -> None:
    """
    Also one without a name, one in a deploy of another package's, and one outside of any task.
    """
    deploy("""
from pyinfra.api.deploy import deploy

@deploy("Inner")
def inner():
    say(name="Say | it", command="true")

@task("Outer")
def outer():
    inner()
    say(command="true")

outer()
say(name="Alone", command="true")
say(command="true")
""")

    assert [operation[:2] for operation in ran()] == [
        ("Outer", "Inner | Say | it"),
        ("Outer", "deploy.say"),
        ("deploy", "Alone"),
        ("deploy", "deploy.say"),
    ]


def test_hosts_whose_tasks_differ_keep_their_own(deploy: Deploy) -> None:
    """
    The first operation of both has one entry in pyinfra, whatever it is. What fails on one host
    leaves the other alone.
    """
    deploy("""
@task(f"Task {host.name}")
def act():
    say(name="Same", command="true")
    say(name=f"Only {host.name}", command="true")
    say(command="true")
    if host.name == "@live":
        host.get_fact(Broken)

act()
""")
    both = Run([("@live", DATA), ("@local", DATA)])
    for host in both.hosts:
        both.connect(host)
        both.deploy(host)
    seen = {host.name: outcomes(both.operations(host)) for host in both.hosts}

    names = {name: [(task, each) for task, each, *_ in rows] for name, rows in seen.items()}
    assert names == {
        "@live": [
            ("Task @live", "Same"),
            ("Task @live", "Only @live"),
            ("Task @live", "deploy.say"),
            ("Task @live", "read the facts"),
        ],
        "@local": [
            ("Task @local", "Same"),
            ("Task @local", "Only @local"),
            ("Task @local", "deploy.say"),
        ],
    }
    assert seen["@live"][-1][-1] == "out of order Error: could not load fact: deploy.Broken"
    assert {outcome for *_, outcome, _ in seen["@local"]} == {"changed"}


def test_what_is_complained_of_one_host_is_no_others(deploy: Deploy) -> None:
    """
    Also what does not begin with its name: a program's and a connector's own words.
    """
    deploy("""
from pyinfra import logger
logger.error("no space left")

@task("First")
def first():
    host.get_fact(Broken)

first()
""")
    both = Run([("@live", DATA), ("@local", DATA)])
    for host in both.hosts:
        both.connect(host)
        both.deploy(host)

    for host in both.hosts:
        (operation,) = both.operations(host)
        assert operation.detail.startswith("no space left out of order Error: ")
        assert operation.detail.count("no space left") == 1


def test_a_traceback_of_a_function_is_left_out(deploy: Deploy) -> None:
    """
    What it ended with is said.
    """
    deploy("""
from pyinfra.api import FunctionCommand

def fail():
    raise ValueError("why")

@operation()
def call():
    yield FunctionCommand(fail, [], {})

call(name="Call")
""")

    assert outcomes(ran()) == [
        (
            "deploy",
            "Call",
            "failed",
            "Unexpected error in Python callback: ValueError('why',) Error: executed 0 commands",
        )
    ]


def test_a_host_that_can_not_be_reached_is_said(
    deploy: Deploy, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_connector: LiveConnector) -> None:
        raise ConnectError("no such container")

    monkeypatch.setattr(LiveConnector, "connect", refuse)
    one = Run([("@live", DATA)])

    with pytest.raises(ConnectError, match="no such container"):
        one.connect(one.hosts[0])


def test_a_name_that_no_host_can_have_is_refused(deploy: Deploy) -> None:
    with pytest.raises(InventoryError, match="takes no name"):
        Run(["@live/x"])


def test_the_report_is_the_hosts(deploy: Deploy) -> None:
    """
    What the host's data say, with what was found to be missing.
    """
    deploy('degrade("ACLs", "the file system has none")')
    loaded = load({"GPU_COUNT": "many", "RCLONE_CONFIG_X_PASS": "hidden"})
    data = {"loaded": loaded, "phase": "build", "services": False, "boot": "22"}
    one = Run([("@live", {**DATA, **data})])
    (host,) = one.hosts
    one.connect(host)
    one.deploy(host)
    began = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=timezone(timedelta())).timestamp()
    made = run.report(host, [], begun=Begun(Begun.now().monotonic - 2, began))

    assert made.settings["WORKSPACE"] == Setting("/workspace", "default")
    assert made.settings["RCLONE_CONFIG_X_PASS"].value == "***"
    assert 2 <= made.seconds < 60
    assert made._replace(settings={}, seconds=0) == Report(
        phase="build",
        started_at="2026-01-02T03:04:05.678+00:00",
        seconds=0,
        operations=[],
        refusals=list(loaded.refusals),
        degraded=[Degraded("ACLs", "the file system has none")],
        settings={},
        services=False,
        boot="22",
    )


def test_of_a_host_never_reached_there_is_a_report(deploy: Deploy) -> None:
    """
    With the defaults for what only the host could have told.
    """
    one = Run([("@live", {})])
    made = run.report(one.hosts[0], [], begun=Begun.now())

    assert (made.phase, made.services, made.boot, made.refusals) == ("start", True, "", [])
    assert made.workspace == "/workspace"


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, []),
        ({"GPU_COUNT": "many"}, []),
        ({"SLIPWAY_STRICT": "true"}, []),
        (
            {"SLIPWAY_STRICT": "true", "GPU_COUNT": "many", "SKIP_ACL": "2"},
            ["GPU_COUNT", "SKIP_ACL"],
        ),
    ],
)
def test_only_strict_makes_a_refusal_a_failure(
    deploy: Deploy, variables: dict[str, str], expected: list[str]
) -> None:
    """
    One, in which all are named.
    """
    loaded = load(variables)
    one = Run([("@live", {**DATA, "loaded": loaded})])
    refused = run.refused(one.hosts[0])

    assert [each.name for each in refused] == ["accept its settings"] * bool(expected)
    assert [name for name in expected if f"{name}: " not in refused[0].detail] == []
