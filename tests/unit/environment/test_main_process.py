"""
Which process the container stands and falls with.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from slipway.environment import main_process
from tests.unit.conftest import lay_processes

OURS = "/usr/bin/tini -s -- /usr/bin/env python3 -I -m slipway.commands.entrypoint A=1"
IDLE = "/sbin/docker-init -- sleep 9"
SUPERVISORD = "/usr/bin/tini -s -- python3 -I -m slipway.services.supervisord"
INNER = "python3 -I -m slipway.commands.entrypoint A=1"


@pytest.mark.parametrize(
    ("processes", "expected"),
    [
        ({1: (0, OURS)}, OURS),
        ({1: (0, "sleep infinity")}, "sleep infinity"),
        ({1: (0, "/sbin/docker-init -- bash -c x"), 7: (1, OURS)}, OURS),
        ({1: (0, "/run/podman-init -- bash -c x"), 6: (1, "sleep 1"), 7: (1, OURS)}, OURS),
        ({1: (0, IDLE), 7: (1, SUPERVISORD)}, IDLE),
        ({1: (0, "bash -c x"), 7: (1, OURS)}, "bash -c x"),
        ({}, None),
    ],
)  # fmt: skip
def test_an_init_stands_for_its_child(
    tmp_path: Path, processes: dict[int, tuple[int, str]], expected: str | None
) -> None:
    """
    Where that is our entrypoint; what `slipway start` has left to it is not.
    """
    lay_processes(tmp_path, processes)
    line = main_process.command_line(tmp_path)

    assert line == (None if expected is None else expected.replace(" ", "\0").encode())


@pytest.mark.parametrize(
    ("above", "expected"),
    [
        ({1: (0, OURS), 9: (1, INNER)}, True),
        ({1: (0, "/sbin/docker-init -- x"), 4: (1, OURS), 9: (4, INNER)}, True),
        ({1: (0, "/dev/init -- x"), 4: (1, OURS), 9: (4, INNER)}, True),
        ({1: (0, OURS), 4: (0, OURS), 9: (4, INNER)}, False),
        ({1: (0, OURS), 3: (1, "bash"), 4: (3, OURS), 9: (4, INNER)}, False),
        ({1: (0, OURS), 3: (1, "tmux"), 4: (3, OURS), 9: (4, INNER)}, False),
        ({1: (0, "bash -c x"), 4: (1, OURS), 9: (4, INNER)}, False),
        ({1: (0, "sleep infinity"), 4: (0, OURS), 9: (4, INNER)}, False),
        ({9: (8, INNER)}, False),
    ],
)
def test_who_is_the_main_process(
    tmp_path: Path, above: dict[int, tuple[int, str]], *, expected: bool
) -> None:
    """
    Nothing but inits above it; what the engine's exec starts, a session or a terminal is by hand.
    """
    lay_processes(tmp_path, above)

    assert main_process.is_this(9, tmp_path) is expected


def test_the_first_process_is_it(tmp_path: Path) -> None:
    assert main_process.is_this(1, tmp_path)
