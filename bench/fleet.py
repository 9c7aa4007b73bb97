"""
Many running containers from outside: ours, stock pyinfra's `@docker`, Ansible.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bench import ansible, rest
from bench.containers import PEERS, QUIET, Bench, Failure, docker_
from bench.results import Row, compared, unmeasured
from bench.samples import Effort, Sample, fit

ROOT = PEERS.parent.parent
BIN = Path(sys.executable).parent
MANY, FEW = 20, 5  # containers
SCALE = (1, 5, 20, 50)  # containers
SCALE_ROUNDS = 3
EACH = "each container more, up to 50"


class Cost(NamedTuple):
    """
    What a run took: seconds, and the most memory of any process of it in MiB.

    At least what this process had when it began: Linux counts that for a child until it executes.
    """

    seconds: float
    peak_mib: float


class Contender(NamedTuple):
    """
    A command for containers from outside, and how its output tells that it changed nothing.

    + finds_all_done: whether its state is that of a container which has started
    """

    command: Callable[[Sequence[str]], list[str]]
    is_at_rest: Callable[[str], bool]
    finds_all_done: bool = False

    def run(self, names: Sequence[str], key: str) -> Cost:
        """
        Converge containers. Raises Failure.
        """
        return self._run(names, key)[0]

    def again(self, names: Sequence[str], key: str) -> Cost:
        """
        Converge what has converged. Raises Failure, also when anything was changed.
        """
        cost, output = self._run(names, key)
        if not self.is_at_rest(output):
            raise Failure(f"{' '.join(self.command(names)[:3])} changes again: {output[-1500:]}")
        return cost

    def _run(self, names: Sequence[str], key: str) -> tuple[Cost, str]:
        given = docker_("inspect", "--format", "{{json .Config.Env}}", names[0])
        environment = {"BENCH_KEY": key, "BENCH_HOSTS": " ".join(names)}
        environment["BENCH_ENVIRONMENT"] = given
        # as a user runs it, whose second run finds the first one's bytecode
        environment["PYTHONDONTWRITEBYTECODE"] = ""
        return run(self.command(names), environment)


SLIPWAY = Contender(
    lambda names: [str(BIN / "python"), "-m", "slipway.fleet", *names], rest.slipway
)
PYINFRA = Contender(
    lambda _names: [str(BIN / "pyinfra"), "-y", str(PEERS / "pyinfra/fleet.py"), "deploy.py"],
    rest.pyinfra,
    finds_all_done=True,
)


def run(command: Sequence[str], environment: dict[str, str] | None = None) -> tuple[Cost, str]:
    """
    Run a command and take what it costs, and what it prints. Raises Failure when it fails.
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
    return Cost(time.monotonic() - began, usage.ru_maxrss / 1024), output


def many(bench: Bench, effort: Effort) -> tuple[list[Row], list[dict[str, float]]]:
    """
    Running containers from outside, and how the cost grows with their number.

    Those of the first pair are used again: containers cost more time than what is measured.
    """
    number, goal = (3, None) if effort.is_quick else (MANY, 0.04)
    row = f"{number} containers from outside", "stock pyinfra, @docker"
    first, second = _group(bench, number), _group(bench, number)
    rows = [_pair(bench, effort, row, groups=(first, second), peer=PYINFRA, goal=goal)]
    row = f"{FEW} containers from outside", "Ansible, community.docker"
    if effort.is_quick:
        _remove(bench, [*first, *second])
        rows.append(unmeasured(*row, goal=0.02, why="left out with QUICK=1"))
        return rows, []
    few = _group(bench, FEW)
    try:
        peer = Contender(partial(ansible.outside, ansible.prepare_outside()), rest.ansible)
    except Failure as failure:
        rows.append(unmeasured(*row, goal=0.02, why=str(failure)))
    else:
        groups = first[:FEW], few
        rows.append(_pair(bench, effort, row, groups=groups, peer=peer, goal=0.02))
    names = [*first, *second, *few, *_group(bench, SCALE[-1] - 2 * number - FEW)]
    points = scaling(bench, names)
    _remove(bench, names)
    each = Sample((points[-1]["seconds_each"],))
    rows.append(compared(EACH, "none", each, Sample((0.0,)), goal=0.05, is_difference=True))
    return rows, points


def _pair(  # noqa: PLR0913 - what makes a pair
    bench: Bench,
    effort: Effort,
    row: tuple[str, str],
    *,
    groups: tuple[Sequence[str], Sequence[str]],
    peer: Contender,
    goal: float | None,
) -> Row:
    first, second = groups
    try:
        SLIPWAY.run(first, bench.key)
        if not peer.finds_all_done:
            peer.run(second, bench.key)
        taken = effort.interleave(
            {
                f"slipway, {row[0]}": lambda: SLIPWAY.again(first, bench.key).seconds,
                row[1]: lambda: peer.again(second, bench.key).seconds,
            }
        )
    except Failure as failure:
        return unmeasured(*row, goal=goal, why=str(failure))
    ours, theirs = taken.values()
    return compared(*row, ours, theirs, goal=goal)


def scaling(bench: Bench, names: Sequence[str]) -> list[dict[str, float]]:
    """
    Return seconds and peak memory for more and more containers, and the fitted cost of each.

    + names: of as many containers as the last point has, whoever has converged them so far
    """
    SLIPWAY.run(names, bench.key)
    points = []
    for number in SCALE:
        costs = [SLIPWAY.again(names[:number], bench.key) for _ in range(SCALE_ROUNDS)]
        points.append(
            {
                "containers": float(number),
                "seconds": median(cost.seconds for cost in costs),
                "peak_mib": max(cost.peak_mib for cost in costs),
            }
        )
    line = fit([(point["containers"], point["seconds"]) for point in points])
    memory_line = fit([(point["containers"], point["peak_mib"]) for point in points])
    fitted = {"fixed_seconds": line.fixed, "seconds_each": line.each, "mib_each": memory_line.each}
    return [*points, fitted]


def _group(bench: Bench, number: int) -> list[str]:
    """
    Run containers; a health check of each of them would be half of what is measured.
    """
    options = [*QUIET, "-e", f"SSH_PUBKEY={bench.key}"]
    names = [bench.run(options=options) for _ in range(number)]
    for name in names:
        bench.wait_converged(name)
    return names


def _remove(bench: Bench, names: Sequence[str]) -> None:
    for name in names:
        bench.remove(name)
