"""
Many running containers from outside: ours, and stock pyinfra's `@docker`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from bench.containers import PEERS, Failure

ROOT = PEERS.parent.parent
BIN = Path(sys.executable).parent


class Cost(NamedTuple):
    """
    What a run took: seconds, and the most memory of any process of it in MiB.
    """

    seconds: float
    peak_mib: float


def ours(names: Sequence[str]) -> list[str] | None:
    """
    Return the command that converges these containers; None while there is none.
    """
    if find_spec("slipway.fleet") is None:
        return None
    return [str(BIN / "python"), "-m", "slipway.fleet", *names]


def stock(names: Sequence[str], key: str) -> Cost:
    """
    Run the same deploy with stock pyinfra through `docker exec`. Raises Failure.
    """
    command = [str(BIN / "pyinfra"), "-y", str(PEERS / "pyinfra/fleet.py"), "deploy.py"]
    return run(command, {"BENCH_HOSTS": " ".join(names), "BENCH_KEY": key})


def run(command: Sequence[str], environment: dict[str, str] | None = None) -> Cost:
    """
    Run a command and take what it costs. Raises Failure when it fails.
    """
    began = time.monotonic()
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        output = process.stdout.read() if process.stdout else ""
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise Failure(f"{' '.join(command[:3])}: exit {process.returncode}: {output[-1500:]}")
    return Cost(time.monotonic() - began, usage.ru_maxrss / 1024)
