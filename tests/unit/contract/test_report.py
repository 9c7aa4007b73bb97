"""
The report: what is written of it, what is read again, and what is said of it.
"""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from slipway.contract import paths, report
from slipway.contract.refusal import Note, Refusal
from slipway.contract.report import Degraded, Operation, Report, Setting
from tests.unit.conftest import reported

FULL = Report(
    phase="start",
    started_at="2026-01-02T03:04:05.678+00:00",
    seconds=0.25,
    operations=[
        Operation("SSH", "Have the host keys", "changed", 0.125, ""),
        Operation("Workspace", "Share it", "failed", 0.5, "setfacl: ü"),
        Operation("Overlay", "Lay it", "unchanged", 0.0, ""),
    ],
    refusals=[Refusal("GPU_COUNT", "must be a number", "all are used")],
    degraded=[Degraded("ACLs", "the file system has none")],
    settings={
        "WORKSPACE": Setting("/workspace", "default"),
        "RCLONE_CONFIG_X_PASS": Setting("***", "RCLONE_CONFIG_X_PASS"),
    },
    services=False,
    boot="22",
    notes=[Note("SSH_PUBKEY", "quotes around a key: left out")],
)
WRITTEN = """\
{
 "phase": "start",
 "started_at": "2026-01-02T03:04:05.678+00:00",
 "seconds": 0.25,
 "operations": [
  {
   "task": "SSH",
   "name": "Have the host keys",
   "outcome": "changed",
   "seconds": 0.125,
   "detail": ""
  },
  {
   "task": "Workspace",
   "name": "Share it",
   "outcome": "failed",
   "seconds": 0.5,
   "detail": "setfacl: ü"
  },
  {
   "task": "Overlay",
   "name": "Lay it",
   "outcome": "unchanged",
   "seconds": 0.0,
   "detail": ""
  }
 ],
 "refusals": [
  {
   "variable": "GPU_COUNT",
   "rule": "must be a number",
   "effect": "all are used"
  }
 ],
 "degraded": [
  {
   "feature": "ACLs",
   "condition": "the file system has none"
  }
 ],
 "settings": {
  "WORKSPACE": {
   "value": "/workspace",
   "from": "default"
  },
  "RCLONE_CONFIG_X_PASS": {
   "value": "***",
   "from": "RCLONE_CONFIG_X_PASS"
  }
 },
 "services": false,
 "boot": "22",
 "notes": [
  {
   "variable": "SSH_PUBKEY",
   "text": "quotes around a key: left out"
  }
 ],
 "totals": {
  "changed": 1,
  "unchanged": 1,
  "failed": 1,
  "skipped": 0
 }
}
"""


@pytest.fixture
def path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """
    Where reports are kept.
    """
    path = tmp_path / "report.json"
    monkeypatch.setattr(paths, "REPORT", path)
    return path


def test_it_is_written_as_the_contract_has_it(path: Path) -> None:
    """
    To the byte: fleets and child images read it. It is everybody's to read.
    """
    FULL.save()

    assert path.read_text() == WRITTEN
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_what_was_written_is_read(path: Path) -> None:
    FULL.save()

    assert report.load() == FULL


def test_an_undecodable_character_does_not_keep_it_from_being_written(path: Path) -> None:
    """
    A program's output may hold any byte.
    """
    operation = Operation("SSH", "Have the host keys", "failed", 0.0, "\udcff")
    FULL._replace(operations=[operation]).save()
    read = report.load()

    assert read is not None
    assert read.failed == [operation._replace(detail="?")]


def test_without_a_report_there_is_none(path: Path) -> None:
    assert report.load() is None


def damaged(**changed: Any) -> bytes:
    """
    Return a report in which something is another.
    """
    return json.dumps({**FULL.to_json(), **changed}).encode()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"\xff",
        b"[]",
        b"null",
        b"{}",
        WRITTEN.encode()[:-40],
        damaged(boot=None),
        damaged(seconds="0.25"),
        damaged(operations=None),
        damaged(operations=["SSH"]),
        damaged(operations=[{"task": "SSH", "outcome": "failed"}]),
        damaged(refusals=[{"variable": "GPU_COUNT"}]),
        damaged(degraded=[{"feature": 3, "condition": "x"}]),
        damaged(settings=[]),
        damaged(settings={}),
        damaged(settings={"WORKSPACE": "/workspace"}),
    ],
)
def test_one_that_is_damaged_or_of_another_form_is_none(content: bytes) -> None:
    """
    So health says that nothing has converged, instead of a traceback or that all is well.
    """
    assert report.parse(content) is None


def test_what_a_later_version_adds_is_left_out() -> None:
    added = damaged(since="0.2", degraded=[{"feature": "a", "condition": "b", "hint": "c"}])

    assert report.parse(added) == FULL._replace(degraded=[Degraded("a", "b")])


def test_services_are_expected_by_a_report_that_does_not_say() -> None:
    document = FULL.to_json()
    del document["services"]

    assert Report.from_json(document) == FULL._replace(services=True)


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (None, True),
        (FULL, False),
        (FULL._replace(services=True), True),
        (FULL._replace(boot="21"), True),
    ],
)
def test_services_are_expected_as_this_start_had_them(
    last: Report | None, *, expected: bool
) -> None:
    assert report.expects_services(last, "22") is expected


def test_the_summary_says_what_was_done_refused_and_missing() -> None:
    assert FULL.summary() == [
        "could not converge in 0.25 s: 1 changed, 1 unchanged, 1 failed",
        "failed: Workspace: Share it: setfacl: ü",
        "refused: GPU_COUNT: must be a number (all are used)",
        "degraded: ACLs: the file system has none",
        "noted: SSH_PUBKEY: quotes around a key: left out",
    ]
    assert reported(operations=FULL.operations[:1]).summary() == ["converged in 0.25 s: 1 changed"]


def test_a_start_is_known_by_when_its_pid_1_began() -> None:
    """
    Field 22 of proc(5), whatever the program is called.
    """
    fields = b" ".join(b"%d" % field for field in range(4, 53))

    assert report.boot_of(b"1 (a ) b) S " + fields + b"\n") == "22"
