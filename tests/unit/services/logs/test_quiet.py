"""
What the container's output leaves out, and what it shows.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from slipway.services.logs.quiet import Quiet
from tests.unit.services.logs.conftest import Follower, append

if TYPE_CHECKING:
    from collections.abc import Callable

DATE = b"2026-11-26 20:05:45,625 "
RCLONE = b"2026/11/26 20:05:46 "


@pytest.mark.parametrize(
    ("name", "line", "is_shown"),
    [
        ("supervisord", DATE + b"INFO Set uid to user 0 succeeded", False),
        ("supervisord", DATE + b"INFO RPC interface 'supervisor' initialized", False),
        ("supervisord", DATE + b"INFO supervisord started with pid 7", False),
        ("supervisord", DATE + b"INFO spawned: 'sshd' with pid 32", False),
        ("supervisord", DATE + b"INFO success: sshd entered RUNNING state", False),
        ("supervisord", DATE + b"INFO stopped: web (exit status 0)", False),
        ("supervisord", DATE + b"INFO waiting for sshd, web to die", False),
        ("supervisord", DATE + b"INFO reaped unknown pid 4 (exit status 0)", False),
        ("supervisord", DATE + b"INFO Included extra file", False),
        (
            "supervisord",
            DATE + b"CRIT Server 'unix_http_server' running without any HTTP authentication "
            b"checking",
            False,
        ),
        (
            "supervisord",
            DATE + b"CRIT Server 'inet_http_server' running without any HTTP authentication "
            b"checking",
            True,
        ),
        ("supervisord", DATE + b"INFO gave up: web entered FATAL state", True),
        ("supervisord", DATE + b"INFO spawnerr: can't find command 'x'", True),
        ("supervisord", DATE + b"INFO starting web again", True),
        ("supervisord", DATE + b"INFO no longer left out: /etc/x.conf", True),
        ("supervisord", DATE + b"WARN exited: web (exit status 3; not expected)", True),
        ("supervisord", DATE + b"WARN received SIGTERM indicating exit request", True),
        ("supervisord", DATE + b"CRIT left out: /x.conf", True),
        ("supervisord", DATE + b"ERRO pool event overflow", True),
        ("supervisord", b"Traceback (most recent call last):", True),
        ("supervisord", b"", True),
        ("web", DATE + b"INFO spawned: 'worker' with pid 32", True),
        ("web", b"Received SIGHUP; restarting.", True),
        ("sshd", b"Accepted publickey for root", True),
        ("sshd", b"Received SIGHUP; restarting.\r", False),
        (
            "remote-far",
            RCLONE + b'NOTICE: Config file "/x" not found - using defaults',
            False,
        ),
        ("remote-far", RCLONE + b"ERROR : a: not found - using defaults", True),
        ("remote-far", RCLONE + b"CRITICAL: Failed to create file system", True),
        ("remote-far", b"slipway: far answers", True),
    ],
)
def test_what_goes_as_it_should_is_left_out(name: str, line: bytes, *, is_shown: bool) -> None:
    assert Quiet().shown(name, [line]) == ([line] if is_shown else [])


def test_a_reload_says_only_what_is_new() -> None:
    """
    A port that is added is; after a crash all of them are, as sshd is another one then.
    """
    quiet = Quiet()
    one, two = b"Server listening on 0.0.0.0 port 22.", b"Server listening on :: port 2222."
    reload, login = b"Received SIGHUP; restarting.", b"Accepted publickey for root"

    assert quiet.shown("sshd", [one]) == [one]
    assert quiet.shown("sshd", [reload, login, one, two]) == [login, two]
    assert quiet.shown("sshd", [reload]) == []
    assert quiet.shown("sshd", [one, two]) == []
    assert quiet.shown("sshd", [one, two]) == [one, two]


def test_the_output_is_quiet_where_it_is_asked_to_be(
    directory: Path, follow: Callable[..., Follower]
) -> None:
    """
    Names are aligned without supervisord's, which has seldom something to say.
    """
    append(directory / "supervisord.log", DATE + b"INFO spawned: 'x' with pid 1\n")
    append(directory / "supervisord.log", DATE + b"WARN exited: x\n")
    append(directory / "sshd.log", b"hello\n")
    follower = follow(is_quiet=True)
    follower.shows(("sshd", b"hello"), ("supervisord", DATE + b"WARN exited: x"))

    assert b"sshd    | hello\n" in follower.raw
