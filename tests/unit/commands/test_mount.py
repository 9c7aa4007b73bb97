"""
`slipway mount`: the program behind a remote, given what the start saved.
"""

from __future__ import annotations

import argparse
from types import SimpleNamespace

import pytest

from slipway.commands import mount
from slipway.environment import host_data
from slipway.remotes.mounted import program


def test_the_program_gets_the_name_and_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    The name as it is written, and the exit code of the program.
    """
    given: list[object] = []

    def run(*words: object) -> int:
        given.extend(words)
        return 3

    monkeypatch.setattr(host_data, "loaded", lambda: SimpleNamespace(settings="settings"))
    monkeypatch.setattr(host_data, "inherited", lambda: {"A": "b"})
    monkeypatch.setattr(program, "run", run)
    parser = argparse.ArgumentParser()
    mount.arguments(parser)

    assert mount.run(parser.parse_args(["--", "-odd name"])) == 3
    assert given == ["-odd name", "settings", {"A": "b"}]
