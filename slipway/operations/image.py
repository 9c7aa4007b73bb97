"""
What an image says of itself: what is in it, and nothing of when it was built.
"""

from __future__ import annotations

from collections.abc import Generator

from pyinfra import host
from pyinfra.api import QuoteString, StringCommand

from slipway.contract import paths
from slipway.facts.image import BillIsCurrent, BuildTraces
from slipway.operations import foresight
from slipway.operations.independent import operation


@operation()
def without_traces() -> Generator[StringCommand]:
    """
    Have no logs, lists and caches of what was installed: two builds have the same files.
    """
    traces = host.get_fact(BuildTraces)
    if not traces:
        host.noop("installing has left nothing")
        return
    for path in traces:
        foresight.change(path, "left by installing")
        foresight.leave(path, None)
    yield StringCommand(*map(QuoteString, [*paths.PYTHON, "slipway.system.traces", "remove"]))


@operation()
def bill_of_materials() -> Generator[StringCommand]:
    """
    Have the names and versions of all software beside the licences, as SPDX.
    """
    if host.get_fact(BillIsCurrent):
        host.noop(f"{paths.SBOM} names what is there")
        return
    foresight.change(str(paths.SBOM), "names other software than there is")
    yield StringCommand(*map(QuoteString, [*paths.PYTHON, "slipway", "sbom", "--write"]))
