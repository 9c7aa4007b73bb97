"""
`slipway status`: what is said of what was gathered.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from slipway.commands import status
from slipway.contract import paths, report
from slipway.contract.refusal import Refusal
from slipway.contract.report import Degraded, Operation, Setting
from slipway.settings.variables import Settings
from tests.unit.conftest import reported

QUIET: dict[str, Any] = {
    "converged": "none yet",
    "ssh": "",
    "login": {"possible": True, "ports": [22], "obstacles": []},
    "workspace": {"path": "/workspace", "mounted": True},
    "gpus": {"vendor": "", "number": 0, "chosen": ""},
    "threads": {"number": None, "because": ""},
    "supervisord": "does not run",
    "programs": [],
    "left_out": [],
    "supervisord_notes": [],
    "mounts": [],
    "cache_shortage": "",
    "unused_caches": {},
    "rescued": [],
    "failed": [],
    "refusals": [],
    "degraded": [],
    "notes": [],
}


def remote(**changes: Any) -> dict[str, Any]:
    """
    Return a mounted remote, but for some of it.
    """
    point = "/workspace/remote/far"
    return {"point": point, "detail": "", "pending": 0, **changes}


def program(**changes: Any) -> dict[str, Any]:
    """
    Return a program, but for some of it, as an older supervisord tells it.
    """
    told = {"name": "web", "statename": "FATAL", "description": "gone"}
    return {**told, "state": "", "waits_for": [], "why": "", **changes}


@pytest.mark.parametrize(
    ("seen", "line"),
    [
        ({}, "program      supervisord does not run here"),
        ({"workspace": {"path": "/w", "mounted": False}}, "workspace    /w (NOT mounted:"),
        ({"ssh": "ssh -p 22 root@h"}, "ssh          ssh -p 22 root@h"),
        ({"login": {"ports": [22, 2222], "obstacles": []}}, "ssh          port 22, 2222"),
        ({"login": {"ports": [22], "obstacles": ["root can't"]}}, "ssh          root can't"),
        ({"gpus": {"vendor": "nvidia", "number": 2, "chosen": ""}}, "gpus         nvidia 2: all"),
        ({"gpus": {"vendor": "wsl", "number": None, "chosen": "X=0"}}, "gpus         wsl: X=0"),
        ({"threads": {"number": 2, "because": "quota"}}, "threads      2: quota"),
        ({"programs": [program()]}, "program      web: FATAL gone"),
        ({"programs": [program(state="failed")]}, "program      web: FATAL failed, gone"),
        (
            {"programs": [program(state="waiting", waits_for=["db", "mq"])]},
            "program      web: FATAL waiting (for db, mq), gone",
        ),
        (
            {"programs": [program(state="starting", why="nothing listens on port 80")]},
            "program      web: FATAL starting: nothing listens on port 80; gone",
        ),
        ({"programs": [program(link="http://h/x")]}, "link         http://h/x"),
        ({"left_out": [{"file": "/f", "line": 3, "reason": "bad"}]}, "left out     /f line 3: bad"),
        ({"left_out": [{"file": "/f", "line": 0, "reason": "bad"}]}, "left out     /f: bad"),
        ({"supervisord_notes": ["ulimit nofile: 9"]}, "note         ulimit nofile: 9"),
        ({"mounts": [remote()]}, "remote       /workspace/remote/far: nothing to upload"),
        ({"mounts": [remote(pending=3)]}, "remote       /workspace/remote/far: 3 files wait"),
        ({"mounts": [remote(pending=None, detail="is down")]}, "far: is down; does not tell"),
        ({"cache_shortage": "1 MiB"}, "cache        short of room: 1 MiB"),
        ({"unused_caches": {"/c": 2}}, "cache        /c: 2 files in it wait"),
        ({"rescued": ["/r/a"]}, "rescued      /r/a: not sure to be whole"),
        ({"rescued": [f"/r/{number}" for number in range(23)]}, "rescued      and 3 more"),
        (
            {"refusals": [{"variable": "A", "rule": "must", "effect": "unset"}]},
            "refused      A: must (unset)",
        ),
        ({"degraded": [{"feature": "F", "condition": "c"}]}, "degraded     F: c"),
        ({"notes": [{"variable": "A", "text": "quotes"}]}, "noted        A: quotes"),
    ],
)
def test_what_was_seen_is_said_in_a_line(seen: dict[str, Any], line: str) -> None:
    """
    One a thing, with what is to be known of it.
    """
    said = status.render({**QUIET, **seen})

    assert [each for each in said if line in each] != []


def test_a_quiet_container_has_three_lines() -> None:
    """
    Nothing is said of what is not there.
    """
    assert [line.split()[0] for line in status.render(QUIET)] == [
        "convergence",
        "workspace",
        "program",
    ]


def test_the_report_is_of_this_start_of_an_earlier_one_or_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """
    What it refused and missed is named all the same; `--json` has that as the report has it.
    """
    monkeypatch.setattr(paths, "REPORT", tmp_path / "report.json")
    monkeypatch.setattr(report, "boot", lambda: "22")
    last = reported(
        operations=[Operation("SSH", "Have the host keys", "changed", 0.125, "")],
        refusals=[Refusal("GPU_COUNT", "must be a number", "all are used")],
        degraded=[Degraded("ACLs", "the file system has none")],
        settings={"WORKSPACE": Setting("/data", "WORKSPACE")},
    )
    last.save()
    now = status.gather()
    monkeypatch.setattr(report, "boot", lambda: "23")
    restarted = status.gather()
    paths.REPORT.unlink()
    none = status.gather()

    assert now["converged"] == "2026-01-02T03:04:05.678+00:00, 0.25 s: 1 changed"
    assert now["workspace"]["path"] == "/data"
    assert restarted["converged"] == (
        "none since this start; the last one was at 2026-01-02T03:04:05.678+00:00"
    )
    for seen in (now, restarted):
        assert seen["refusals"] == last.to_json()["refusals"]
        assert seen["degraded"] == last.to_json()["degraded"]
    assert none["converged"] == "none yet"
    assert none["workspace"]["path"] == "/workspace"
    assert none["refusals"] == none["degraded"] == []


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("ready", "http://203.0.113.7:40888/lab?token=x"),
        ("starting", "http://203.0.113.7:40888/lab?token=x"),
        ("stopped", ""),
        ("off", ""),
        ("failed", ""),
    ],
)
def test_a_page_has_its_address_while_it_is_there_or_on_its_way(
    condition: str, expected: str
) -> None:
    """
    As the world outside sees it.
    """
    environment = {
        "VAST_CONTAINERLABEL": "C.7",
        "PUBLIC_IPADDR": "203.0.113.7",
        "VAST_TCP_PORT_8888": "40888",
    }
    told = {"condition": condition, "port": 8888, "link": "/lab?token=x"}
    settings = Settings(environment=environment)

    assert status.page(told, settings) == {"port": 8888, "link": expected}
    assert status.page({}, settings) == {"port": 0, "link": ""}
