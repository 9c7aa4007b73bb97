"""
Who the container's first process is.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from slipway.services import first_process


@pytest.mark.parametrize(
    "words",
    [
        "/usr/bin/tini -s -- /usr/bin/env python3 -I -m slipway.commands.entrypoint",
        "/sbin/docker-init -- /usr/bin/tini -s -- python3 -I -m slipway.commands.entrypoint bash",
        "/opt/slipway/venv/bin/python3 -I -m slipway.services.supervisord -n",
    ],
)
def test_ours_ends_in_order(tmp_path: Path, words: str) -> None:
    """
    Nothing is to be said.
    """
    file = tmp_path / "cmdline"
    file.write_bytes(words.replace(" ", "\0").encode())

    assert first_process.warning(file) == ""


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("sleep infinity", "sleep"),
        ("/bin/bash -c 'slipway start; sleep infinity'", "bash"),
        ("tail -f /dev/null", "tail"),
        ("/usr/sbin/sshd -D", "sshd"),
        ("", "another program"),
    ],
)
def test_anothers_is_named_with_the_way_out(tmp_path: Path, words: str, name: str) -> None:
    """
    What does not hold, and what to do.
    """
    file = tmp_path / "cmdline"
    file.write_bytes(words.replace(" ", "\0").encode())

    said = first_process.warning(file)
    assert said.startswith(f"the container's first process is {name}: ")
    assert "exec slipway-init" in said


def test_where_it_can_not_be_read_nothing_is_known(tmp_path: Path) -> None:
    assert first_process.warning(tmp_path / "none") == ""
