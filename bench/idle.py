"""
Containers at rest, all of them at once: processor time, health checks included, and memory.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial

from bench import memory
from bench.containers import MOUNTS, PEERS_IN, QUIET, Bench, Failure
from bench.results import Row, compared, unmeasured
from bench.samples import Effort, Sample
from bench.starts import S6, starts

SETTLED = 25.0  # seconds until a started container has come to rest, and health with it
WINDOW, QUICK_WINDOW = 15.0, 5.0  # seconds: our health asks sshd for its banner that often
WINDOWS, QUICK_WINDOWS = 5, 2
OURS, TRUE, NONE = "ours", "the health check `true`", "no health check"
ALONE = "supervisord alone"
HEALTH = {OURS: [], TRUE: ["--health-cmd", "true"], NONE: QUIET}
_SUPERVISORD = ["/opt/slipway/venv/bin/supervisord", "-n"]


def at_rest(bench: Bench, effort: Effort) -> list[Row]:
    """
    Processor time with our health check, with `true` in its place, and without any; then memory.

    They rest side by side: what the machine does besides falls on all of them. The images of all
    peers are built while they come to rest.
    """
    names = {
        kind: bench.run(options=[*options, "-e", f"SSH_PUBKEY={bench.key}"])
        for kind, options in HEALTH.items()
    }
    configuration = ["-c", f"{PEERS_IN}/supervisord/supervisord.conf"]
    names[ALONE] = bench.run(*configuration, entrypoint=_SUPERVISORD, options=[*QUIET, *MOUNTS])
    for kind in HEALTH:
        bench.wait_converged(names[kind])
    began = time.monotonic()
    bench.images.prepare()
    why = ""
    with starts(bench) as ways:
        try:
            names[S6] = ways.run_s6()
        except Failure as failure:
            why = str(failure)
    time.sleep(max(0.0, began + SETTLED - time.monotonic()))
    rows = [*_processor(bench, effort, names), *_memory(bench, effort, names)]
    for name in names.values():
        bench.remove(name)
    if why:
        rows.append(unmeasured(memory.NAME, S6, unit="MiB", goal=None, why=why))
    return rows


def _processor(bench: Bench, effort: Effort, names: Mapping[str, str]) -> list[Row]:
    taken: dict[str, list[float]] = {kind: [] for kind in HEALTH}
    for _ in range(QUICK_WINDOWS if effort.is_quick else WINDOWS):
        before = {kind: (bench.processor(names[kind]), time.monotonic()) for kind in HEALTH}
        time.sleep(QUICK_WINDOW if effort.is_quick else WINDOW)
        for kind, (used, since) in before.items():
            a_second = (bench.processor(names[kind]) - used) / (time.monotonic() - since)
            taken[kind].append(a_second * 60_000)
            effort.said(f"{kind}, ms a minute", taken[kind][-1])
    ours, theirs, none = (Sample(tuple(taken[kind])) for kind in HEALTH)
    what = "processor time at rest, a minute"
    return [
        compared(what, TRUE, ours, theirs, unit="ms", goal=1.6),
        compared(f"{what}, without a health check", "with ours", none, ours, unit="ms"),
    ]


def _memory(bench: Bench, effort: Effort, names: Mapping[str, str]) -> list[Row]:
    """
    Of the one without a health check: a probe's memory would be counted.
    """
    contenders = {
        kind: partial(memory.resident, bench, names[kind])
        for kind in (NONE, ALONE, S6)
        if kind in names
    }
    ours, *peers = effort.interleave(contenders).items()
    goals = {ALONE: 1.15}
    return [
        compared(memory.NAME, peer, ours[1], theirs, unit="MiB", goal=goals.get(peer))
        for peer, theirs in peers
    ]
