"""
What a container answers in one process, and what happens where it answers anything else.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import KeyPair, Result, Slipway
from .test_fleet import fleet

Start = Callable[..., Slipway]

PYTHON = "/opt/slipway/venv/bin/python3"
# In place of Python: says something else where a fleet asks, and is Python for all others
INSTEAD = f"""#!/bin/sh
case " $* " in
*" -S "*) echo asked >> /tmp/asked; {{said}} ;;
esac
exec {PYTHON}.real "$@"
"""


@pytest.fixture(scope="module")
def pair(module_start: Start, key: KeyPair) -> tuple[Slipway, Slipway]:
    """
    One that is as it was built, and one whose Python the rows replace. The first is asked first.
    """
    one, other = (module_start(environment={"SSH_PUBKEY": key.public}) for _ in range(2))
    for slipway in (one, other):
        slipway.wait_converged()
        slipway.wait_healthy()
        slipway.wait_host_keys()
        slipway.check_output("sh", "-c", "echo drift > /etc/motd")
    other.check_output("mv", PYTHON, f"{PYTHON}.real")
    return one, other


def checked(pair: tuple[Slipway, Slipway], said: str) -> tuple[Result, list[Any]]:
    """
    Check both from outside while the second says something; returns what it says that differs.
    """
    one, other = pair
    script = f"cat > {PYTHON} && chmod 755 {PYTHON} && rm -f /tmp/asked"
    program = INSTEAD.format(said=said).replace("'", "'\\''")
    other.check_output("sh", "-c", f"printf %s '{program}' | {{ {script}; }}")
    names = [str(slipway.container.name) for slipway in pair]
    done = fleet("--check", "--json", *names)
    document = json.loads(done.stdout)
    assert differences(document[names[0]]) == differences(one.as_json("slipway", "check", "--json"))
    assert other.check_output("cat", "/tmp/asked") == "asked\n"
    return done, differences(document[names[1]])


def differences(report: dict[str, Any]) -> list[Any]:
    """
    Return what a report has besides what took how long.
    """
    return [
        [each[key] for key in ("task", "name", "outcome", "detail")]
        for each in report["operations"]
        if each["outcome"] != "unchanged"
    ]


@pytest.mark.parametrize(
    "said",
    [
        ":",
        "exit 0",
        "echo '{\"Mounts\": [NaN]}'; exit 0",
        "head -c 3000000 /dev/zero | tr '\\\\0' '['; exit 0",
        "echo '0 999999999 0'; exit 0",
        "kill -KILL $$",
        "exec " + PYTHON + ".real -I -S -c 'import slipway.facts.answers'",
    ],
    ids=["its own", "nothing", "JSON", "brackets", "a length", "killed", "an older Slipway"],
)
def test_it_says_the_same_whoever_answers(pair: tuple[Slipway, Slipway], said: str) -> None:
    """
    From outside as inside: what one process answers, and what the shell is asked in its place.
    """
    done, found = checked(pair, said)

    assert done.code == 2, done
    assert found == differences(pair[1].as_json("slipway", "check", "--json"))
    assert found == [["Overlay", "Lay the static files", "changed", "/etc/motd: content differs"]]


def test_endless_output_costs_that_container_its_run_alone(pair: tuple[Slipway, Slipway]) -> None:
    """
    It is cut off, nothing of it goes on in the container, and the other one is checked.
    """
    done, found = checked(pair, "exec cat /dev/zero")

    assert done.code == 1, done
    assert [each[2:] for each in found] == [["failed", "it says more than 33,554,432 bytes"]]
    assert pair[1].exec("pgrep", "-f", "^cat /dev/zero").code == 1
