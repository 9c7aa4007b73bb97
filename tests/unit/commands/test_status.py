"""
`slipway status`: what is said of what was gathered.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from slipway.commands import status
from slipway.contract import paths, report
from slipway.contract.refusal import Refusal
from slipway.contract.report import Degraded, Operation, Setting
from slipway.settings.variables import Settings
from tests.unit.conftest import reported


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

    assert status.link_of(told, settings) == {"port": 8888, "link": expected}
    assert status.link_of({}, settings) == {"port": 0, "link": ""}
