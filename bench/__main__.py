"""
What `make bench` calls: measures every pair, prints the table, writes results.json and the chart.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from math import inf
from pathlib import Path
from typing import Any

from docker.errors import DockerException

from bench import chart, convergence, extended, fleet, idle, images, machine, results, size, starts
from bench.containers import Bench, Failure, bench
from bench.results import Row
from bench.samples import Effort
from engine.project import Project

HERE = Path(__file__).resolve().parent
QUICK_ROUNDS = 2
AMPLE = 600.0  # seconds: who comes after them has the fewest rounds

Growth = list[dict[str, float]]
Measured = list[Row] | tuple[list[Row], Growth]


def main(arguments: list[str]) -> int:
    """
    Run the benchmark; returns 1 when a goal is missed, 2 when something could not be measured.
    """
    options = _options(arguments)
    signal.signal(signal.SIGTERM, _end)
    described = machine.describe(options.image)
    print(machine.header(described), flush=True)
    rounds = options.rounds or (QUICK_ROUNDS if options.quick else 0)
    effort = Effort(options.quick, _say, until=time.monotonic() + AMPLE)
    if rounds:
        effort = effort._replace(fewest=rounds, most=rounds, slow=inf)
    rows: list[Row] = []
    growth: Growth = []
    failures = []
    seconds = {}
    with tempfile.TemporaryDirectory() as place:
        key = _key(place)
        peers = images.of_peers(options.image, base=options.base, key=key, vast=options.vast)
        with bench(options.image, key, peers) as made:
            for name, measure in _subjects(options.base).items():
                if options.only and name not in options.only:
                    continue
                began = time.monotonic()
                try:
                    measured = measure(made, effort)
                except (Failure, DockerException, OSError) as failure:
                    failures.append(f"{name}: {failure}")
                    continue
                finally:
                    made.remove_all()
                    seconds[name] = round(time.monotonic() - began)
                    print(f"{name} took {seconds[name]} s", flush=True)
                if isinstance(measured, tuple):
                    measured, growth = measured
                rows += measured
    print("\n".join(["", *results.table(rows), *failures]))
    for point in growth:
        print(", ".join(f"{key} {value:.3g}" for key, value in point.items()))
    print(f"{sum(seconds.values())} s in all")
    if not options.only and not options.quick:
        extra = {"scaling": growth, "failures": failures, "seconds": seconds}
        _write(options.output, rows, described, extra)
    if failures:
        return 2
    return 1 if any(row.met is False for row in rows) else 0


def _options(arguments: list[str]) -> argparse.Namespace:
    project = Project.at(HERE.parent, os.environ)
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--image", default=project.image)
    parser.add_argument("--base", default=project.base)
    parser.add_argument("--quick", action="store_true", help="two rounds, few containers, no file")
    parser.add_argument("--rounds", type=int, help="that many, however sure the figures are")
    parser.add_argument("--vast", type=Path, help="a checkout of vast-ai/base-image, to compare")
    parser.add_argument("--output", type=Path, default=HERE)
    parser.add_argument(
        "only", nargs="*", metavar="SUBJECT", help=f"of {', '.join(_subjects(''))}; writes no file"
    )
    options = parser.parse_args(arguments)
    if unknown := set(options.only) - set(_subjects("")):
        parser.error(f"no such subject: {', '.join(sorted(unknown))}")
    return options


def _subjects(base: str) -> dict[str, Callable[[Bench, Effort], Measured]]:
    return {
        "rest": idle.at_rest,
        "start": starts.start,
        "convergence": convergence.convergence,
        "extension": extended.extended,
        "fleet": fleet.many,
        "restart": starts.restart,
        "workspace": starts.full_workspace,
        "stop": starts.stop,
        "size": lambda made, effort: size.size(made, effort, base=base),
    }


def _key(place: str) -> str:
    path = Path(place) / "key"
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "bench", "-f", str(path)]
    subprocess.run(command, check=True)
    return path.with_suffix(".pub").read_text().strip()


def _end(*_: object) -> None:
    """
    End with all containers gone, however often that is asked for.
    """
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(143)


def _say(name: str, value: float) -> None:
    print(f"  {name}: {value:.3f}", flush=True)


def _write(place: Path, rows: list[Row], described: dict[str, Any], extra: dict[str, Any]) -> None:
    results.save(place / "results.json", rows, machine=described, extra=extra)
    caption = machine.header(described)
    drawn = chart.draw([row.to_json() for row in rows], caption=caption)
    (place / "results.svg").write_text(drawn)
    print(f"written: {place / 'results.json'}, {place / 'results.svg'}")


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)  # as a shell says it
