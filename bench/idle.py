"""
Processor time of a container at rest, its health check included.
"""

from __future__ import annotations

import time

from bench.containers import Bench
from bench.results import Row, compared
from bench.samples import Effort, Sample

SETTLED = 25.0  # seconds until a started container has come to rest, and health with it
WINDOW, QUICK_WINDOW = 30.0, 10.0  # seconds that are looked at, each time
WINDOWS = 2


def processor(bench: Bench, effort: Effort) -> list[Row]:
    """
    With our health check, with `true` in its place, and without any.

    They rest side by side: what the machine does besides falls on all of them.
    """
    kinds = {"ours": [], "true": ["--health-cmd", "true"], "none": ["--no-healthcheck"]}
    names = {
        kind: bench.run(options=[*options, "-e", f"SSH_PUBKEY={bench.key}"])
        for kind, options in kinds.items()
    }
    for name in names.values():
        bench.wait_converged(name)
    time.sleep(SETTLED)
    taken: dict[str, list[float]] = {kind: [] for kind in names}
    for _ in range(WINDOWS):
        before = {kind: (bench.processor(name), time.monotonic()) for kind, name in names.items()}
        time.sleep(QUICK_WINDOW if effort.is_quick else WINDOW)
        for kind, name in names.items():
            used, since = before[kind]
            a_second = (bench.processor(name) - used) / (time.monotonic() - since)
            taken[kind].append(a_second * 60_000)
            effort.said(f"{kind}, ms a minute", taken[kind][-1])
    for name in names.values():
        bench.remove(name)
    ours, theirs, none = (Sample(tuple(taken[kind])) for kind in kinds)
    what = "processor time at rest, a minute"
    return [
        compared(what, "the health check `true`", ours, theirs, unit="ms", goal=1.6),
        compared(f"{what}, without a health check", "with ours", none, ours, unit="ms"),
    ]
