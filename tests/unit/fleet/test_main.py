"""
`python -m slipway.fleet`: arguments, what is printed, exit codes.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence

import pytest

from slipway.contract import exits
from slipway.contract.refusal import Refusal
from slipway.contract.report import Degraded, Operation, Report
from slipway.fleet import __main__ as command
from tests.unit.conftest import reported

RIGHT = Operation("SSH", "Have the host keys", "unchanged", 0.0, "")
CHANGED = Operation("Overlay", "Lay it", "changed", 0.1, "/a: missing\n/b: mode 777, should be 755")
FAILED = Operation("Workspace", "Share it", "failed", 0.1, "setfacl: why")


class Fleet:
    """
    Reports that are there already.
    """

    reports: dict[str, Report]
    asked: tuple[list[str], bool]
    is_interrupted = False

    def __init__(self, names: Sequence[str], *, is_check: bool) -> None:
        Fleet.asked = (list(names), is_check)

    def run(self) -> dict[str, Report]:
        """
        Give them.
        """
        if Fleet.is_interrupted:
            raise KeyboardInterrupt
        return Fleet.reports


@pytest.fixture(autouse=True)
def fleet(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    No container is reached.
    """
    monkeypatch.setattr(command, "Fleet", Fleet)
    monkeypatch.setattr(Fleet, "is_interrupted", False)
    Fleet.reports = {}


@pytest.mark.parametrize(
    ("operations", "converged", "checked"),
    [
        ([[RIGHT], [RIGHT]], exits.OK, exits.OK),
        ([[RIGHT], [CHANGED]], exits.OK, exits.DRIFT),
        ([[FAILED], [CHANGED]], exits.FAILED, exits.FAILED),
        ([], exits.OK, exits.OK),
    ],
)
def test_exit_codes_are_those_of_converge_and_check(
    operations: list[list[Operation]], converged: int, checked: int
) -> None:
    Fleet.reports = {
        str(number): reported(operations=each) for number, each in enumerate(operations)
    }

    assert command.main([]) == converged
    assert command.main(["--check"]) == checked


def test_arguments_are_names_and_what_to_do() -> None:
    command.main(["--check", "one", "two"])
    assert Fleet.asked == (["one", "two"], True)

    command.main([])
    assert Fleet.asked == ([], False)


def test_each_line_begins_with_its_container(capsys: pytest.CaptureFixture[str]) -> None:
    """
    What was done, failed, refused and missing; the last line counts containers.
    """
    Fleet.reports = {
        "one": reported(
            operations=[RIGHT, CHANGED, FAILED],
            refusals=[Refusal("GPU_COUNT", "must be a number", "all are used")],
            degraded=[Degraded("ACLs", "the file system has none")],
        ),
        "two": reported(operations=[RIGHT]),
    }
    command.main([])
    *lines, last = capsys.readouterr().out.splitlines()

    assert lines == [
        "one: could not converge in 0.25 s: 1 changed, 1 unchanged, 1 failed",
        "one: failed: Workspace: Share it: setfacl: why",
        "one: refused: GPU_COUNT: must be a number (all are used)",
        "one: degraded: ACLs: the file system has none",
        "two: converged in 0.25 s: 1 unchanged",
    ]
    assert last.startswith("2 containers in 0.")
    assert last.endswith(" s: 1 changed, 1 failed")


def test_a_check_says_what_would_change(capsys: pytest.CaptureFixture[str]) -> None:
    """
    One line a thing, in the order of the deploy; what is refused is named, too.
    """
    Fleet.reports = {
        "one": reported(
            operations=[RIGHT, CHANGED, FAILED],
            refusals=[Refusal("GPU_COUNT", "must be a number", "all are used")],
        )
    }
    command.main(["--check"])
    *lines, last = capsys.readouterr().out.splitlines()

    assert lines == [
        "one: checked in 0.25 s: 1 changed, 1 unchanged, 1 failed",
        "one: changed: Overlay: /a: missing",
        "one: changed: Overlay: /b: mode 777, should be 755",
        "one: failed: Workspace: Share it: setfacl: why",
        "one: refused: GPU_COUNT: must be a number (all are used)",
    ]
    assert last.endswith(" s: 1 differs, 1 failed")


def test_json_is_a_report_a_container(capsys: pytest.CaptureFixture[str]) -> None:
    """
    As the contract has reports.
    """
    Fleet.reports = {"one": reported(operations=[CHANGED])}
    command.main(["--json"])

    assert json.loads(capsys.readouterr().out) == {"one": Fleet.reports["one"].to_json()}


def test_an_interrupt_is_an_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Fleet, "is_interrupted", True)

    assert command.main([]) == exits.INTERRUPTED


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--help"], exits.OK, "usage: slipway.fleet [-h] [--check] [--json] [NAME ...]"),
        (["--chek"], exits.USAGE, "slipway.fleet: error: unrecognized arguments: --chek"),
        (["a b"], exits.FAILED, "slipway.fleet: @container/a b: a container can't have this name"),
    ],
)
def test_it_is_a_program_that_names_itself(words: list[str], code: int, said: str) -> None:
    """
    By the name that one gives to python -m.
    """
    done = subprocess.run(
        [sys.executable, "-I", "-m", "slipway.fleet", *words],
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )

    assert done.returncode == code
    assert said in done.stdout.splitlines()
    assert "Traceback" not in done.stdout
