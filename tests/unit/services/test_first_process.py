"""
Who the container's first process is.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from slipway.services import first_process
from tests.unit.conftest import lay_processes


@pytest.mark.parametrize(
    "words",
    [
        "/usr/bin/tini -s -- /usr/bin/env python3 -I -m slipway.commands.entrypoint",
        "/sbin/docker-init -- /usr/bin/tini -s -- python3 -I -m slipway.commands.entrypoint bash",
        "/opt/slipway/venv/bin/python3 -I -m slipway.services.supervisord -n",
        "/sbin/docker-init -- slipway-init",
        "/sbin/docker-init -- /usr/local/bin/slipway-init A=1 bash",
    ],
)
def test_ours_ends_in_order(tmp_path: Path, words: str) -> None:
    """
    Nothing is to be said.
    """
    lay_processes(tmp_path, {1: (0, words)})

    assert first_process.warning(tmp_path) == ""


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("sleep infinity", "sleep"),
        ("/bin/bash -c 'slipway start; sleep infinity'", "bash"),
        ("tail -f /dev/null", "tail"),
        ("/usr/sbin/sshd -D", "sshd"),
        ("bash -c /setup;/usr/local/bin/slipway-init", "bash"),
        ("", "another program"),
    ],
)
def test_anothers_is_named_with_the_way_out(tmp_path: Path, words: str, name: str) -> None:
    """
    What does not hold, and what to do.
    """
    lay_processes(tmp_path, {1: (0, words)})

    said = first_process.warning(tmp_path)
    assert said.startswith(f"the container's first process is {name}: ")
    assert "exec slipway-init" in said


def test_where_it_can_not_be_read_nothing_is_known(tmp_path: Path) -> None:
    assert first_process.warning(tmp_path / "none") == ""
