"""
What an extension costs: three programs in a chain, two variables, apt and pip packages.
"""

from __future__ import annotations

from bench import rest
from bench.containers import MOUNTS, QUIET, Bench
from bench.convergence import NAME, again
from bench.results import Row, compared
from bench.samples import Effort
from bench.starts import START, starts

WITH = "with an extension"


def extended(bench: Bench, effort: Effort) -> list[Row]:
    """
    A convergence that changes nothing, and the time to SSH, with the extension and without it.

    Raises Failure where its image can't be built.
    """
    tag = bench.images.get("extended")
    given = [*QUIET, *MOUNTS, "-e", f"SSH_PUBKEY={bench.key}"]
    names = {"": bench.run(options=given), WITH: bench.run(options=given, image=tag)}
    command = ["/usr/local/bin/slipway", "converge"]
    for name in names.values():
        bench.wait_converged(name)
    taken = effort.interleave(
        {
            f"slipway {what}": again(bench, name, command, rest.slipway)
            for what, name in names.items()
        }
    )
    for name in names.values():
        bench.remove(name)
    with starts(bench) as ways:
        began = effort.interleave(
            {"slipway": ways.slipway, f"slipway {WITH}": lambda: ways.slipway(image=tag)}
        )
    return [
        compared(
            f"{NAME} {WITH}", "without", taken[f"slipway {WITH}"], taken["slipway "], goal=1.5
        ),
        compared(
            f"{START} {WITH}", "without", began[f"slipway {WITH}"], began["slipway"], goal=1.05
        ),
    ]
