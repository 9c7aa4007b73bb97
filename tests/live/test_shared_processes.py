"""
Containers that see another one's processes, or the machine's: PID 1 is none of theirs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest

from .conftest import KeyPair, Slipway, wait_until

Start = Callable[..., Slipway]


def wait_boot(slipway: Slipway, last: str = "") -> str:
    """
    Return what identifies a start, once the convergence of another one than the last has ended.
    """

    def boot() -> str:
        result = slipway.exec("cat", "/run/slipway/report.json")
        found: str = json.loads(result.stdout)["boot"] if result.code == 0 else ""
        return found if found != last else ""

    told: str = wait_until(boot, "converged")
    return told


@pytest.mark.parametrize("whose", ["another's", "the machine's"])
def test_the_first_process_is_the_containers_own(start: Start, key: KeyPair, whose: str) -> None:
    """
    A pod with `shareProcessNamespace`, or `--pid=host`: age, environment and an orderly stop.

    The other one has a variable that is none of ours, and has run for a while.
    """
    mode = "host"
    if whose == "another's":
        other = start("infinity", entrypoint=["sleep"], environment={"THEIRS": "1"})
        other.check_output("sleep", "1.5")
        mode = f"container:{other.container.id}"
    slipway = start(pid_mode=mode, environment={"SSH_PUBKEY": key.public, "OURS": "2"})
    first = wait_boot(slipway)
    slipway.wait_ssh(key)
    slipway.wait_healthy()

    status = slipway.status()
    assert "first process" not in status
    assert ("PID 1 is sleep, of another container" in status) is (whose == "another's")
    assert slipway.ssh(key, "printenv OURS; printenv THEIRS").stdout == "2\n"
    slipway.container.restart(timeout=10)
    wait_boot(slipway, last=first)
    ready = r"slipway \| ready in [\d.]+ s"  # told once the report is written
    wait_until(lambda: len(re.findall(ready, slipway.logs())) == 2, "it is ready again")
    slipway.container.stop(timeout=20)
    assert slipway.container.wait()["StatusCode"] == 0
    assert "WARN received SIGTERM" in slipway.logs()


def test_a_program_that_begins_slipway_is_named(start: Start, key: KeyPair) -> None:
    """
    That of the container itself, and not PID 1.
    """
    other = start("infinity", entrypoint=["tail", "-f", "/dev/null"])
    slipway = start(
        "slipway start; exec sleep infinity",
        entrypoint=["bash", "-c"],
        pid_mode=f"container:{other.container.id}",
        environment={"SSH_PUBKEY": key.public},
    )
    wait_boot(slipway)
    slipway.wait_ssh(key)

    assert "the container's first process is sleep" in slipway.status()
