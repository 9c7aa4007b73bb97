"""
The engine's environment, from PID 1.
"""

from __future__ import annotations

from pathlib import Path

from slipway.facts.environment import EngineEnvironment
from tests.unit.facts.conftest import ask


def test_the_engines_environment_is_read_whole(tmp_path: Path) -> None:
    """
    With newlines, `=` and bytes that are no UTF-8.
    """
    (tmp_path / "environ").write_bytes(b"A=1\nB=2\0C==\0D=\xff\0E=\0")
    places = {"/proc/1/environ": tmp_path / "environ"}
    expected = {"A": "1\nB=2", "C": "=", "D": "\udcff", "E": ""}

    assert expected == ask(EngineEnvironment(), places=places)
    assert ask(EngineEnvironment(), places={"/proc/1/environ": tmp_path / "gone"}) == {}
