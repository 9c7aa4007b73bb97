"""
One line to copy, for docker run and for compose.
"""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest

from slipway.commands import doctor, remedies
from slipway.commands.remedies import Option
from slipway.facts.mounts import FuseObstacle

FUSE = [
    Option("--device", "/dev/fuse"),
    Option("--cap-add", "SYS_ADMIN"),
    Option("--security-opt", "apparmor:unconfined"),
]


@pytest.mark.parametrize(
    ("options", "words", "service"),
    [
        (
            FUSE,
            "--device /dev/fuse --cap-add SYS_ADMIN --security-opt apparmor:unconfined",
            {
                "devices": ["/dev/fuse"],
                "cap_add": ["SYS_ADMIN"],
                "security_opt": ["apparmor:unconfined"],
            },
        ),
        (
            remedies.capabilities(["SETUID", "SETGID", "SETUID"]),
            "--cap-add SETUID --cap-add SETGID",
            {"cap_add": ["SETUID", "SETGID"]},
        ),
        ([remedies.LOCKED], "--ulimit memlock=-1", {"ulimits": {"memlock": -1}}),
        ([remedies.SHARED], "--shm-size 8g", {"shm_size": "8g"}),
        (
            [remedies.volume("/my data")],
            '-v "$PWD/workspace:/my data"',
            {"volumes": ["./workspace:/my data"]},
        ),
        (
            [remedies.KEY],
            '-e SSH_PUBKEY="$(cat ~/.ssh/id_ed25519.pub)"',
            {"environment": ["SSH_PUBKEY"]},
        ),
    ],
)
def test_each_option_has_its_key(
    options: list[Option], words: str, service: dict[str, Any]
) -> None:
    """
    Each once; a shell reads the one, Compose the other.
    """
    _, _, line, _, document = remedies.lines(options)

    assert line == words
    assert shlex.split(line)
    assert json.loads(document) == {"services": {"slipway": service}}


def test_nothing_is_said_where_nothing_is_missing() -> None:
    assert remedies.lines([]) == []


def test_the_options_are_those_of_the_obstacle() -> None:
    """
    All conditions at once.
    """
    said = FuseObstacle().process(
        ["no-device", "no-access", "CapEff:\t0", "AppArmor: docker-default (enforce)"]
    )

    assert doctor._of_words(said) == tuple(FUSE)  # noqa: SLF001 - what --json has no names for
    assert doctor._of_words("") == ()  # noqa: SLF001 - likewise
