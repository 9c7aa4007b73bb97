"""
The run inside: this container converged or checked, one convergence at a time.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pyinfra.api.host import Host
from pyinfra.context import ctx_host

from slipway.contract import paths, report
from slipway.contract.report import Operation, Report
from slipway.converge import run
from slipway.converge.extensions import converge as converge_extensions
from slipway.converge.run import Begun, Run
from slipway.converge.timings import Timings
from slipway.environment import host_data, places
from slipway.settings.load import Loaded
from slipway.system import locks


def converge(  # noqa: PLR0913 - each is a choice of the caller's
    phase: str,
    *,
    services: bool | None = None,
    keep_stopped: bool = False,
    beside_supervisord: bool = False,
    is_start: bool = False,
    timings: Timings | None = None,
) -> Report:
    """
    Bring the container to its desired state; a second one at the same time waits for the first.

    A failed operation ends its task, not the run: it is in the report. A run that is cut off leaves
    its mark, by which health knows.

    + services: whether supervisord is expected to run; None: as until now in this start
    + keep_stopped: leave alone what somebody stopped by hand: nobody has asked for this convergence
    + beside_supervisord: it has been started just now, and is waited for
    + is_start: nobody has asked for it: it installs no packages
    + timings: takes down where the time goes
    """
    asked = time.monotonic()
    places.prepare()
    with locks.hold(paths.LOCK):
        begun = Begun.now()
        if services is None:
            services = _expects_services()
        data = host_data.data(phase)
        is_live = data["live"]
        if is_live:
            paths.UNFINISHED.touch()
        here, host = _connected(
            {
                **data,
                "keep_stopped": keep_stopped,
                "beside_supervisord": beside_supervisord,
                "is_start": is_start,
                "services": services and is_live,
            }
        )
        if timings:
            timings.watch(here.state, host, asked=asked, began=begun.monotonic)
        here.deploy(host)
        if timings:
            timings.end()
        result = run.report(host, here.operations(host), begun=begun)
        if is_live:
            result.save()
            paths.UNFINISHED.unlink(missing_ok=True)
    return result


def check(*, is_verbose: bool = False) -> Report:
    """
    Find what a convergence would change, changing nothing.

    Refused values under SLIPWAY_STRICT are all there is to say: a convergence would refuse, too.

    + is_verbose: and how
    """
    begun = Begun.now()
    data = {**host_data.data("start"), "services": _expects_services()}
    here, host = _connected(data, is_check=True, is_verbose=is_verbose)
    operations = run.refused(host) or _unanswerable()
    if not operations:
        here.deploy(host)
        operations = here.operations(host)
    return run.report(host, operations, begun=begun)


def extensions(*, is_check: bool = False) -> Report:
    """
    Converge or check the extensions alone, for who does the rest from outside and holds the lock.
    """
    begun = Begun.now()
    data = {**host_data.data("start"), "services": _expects_services()}
    here, host = _connected(data, is_check=is_check)
    with ctx_host.use(host):
        converge_extensions(data["extensions"])
    return run.report(host, here.operations(host), begun=begun)


@contextmanager
def connected() -> Iterator[tuple[Host, Loaded]]:
    """
    Give this container as a pyinfra host, to ask facts of, with its Settings.
    """
    data = host_data.data("start")
    _, host = _connected(data, is_check=True)
    with ctx_host.use(host):
        yield host, data["loaded"]


def _connected(
    data: dict[str, Any], *, is_check: bool = False, is_verbose: bool = False
) -> tuple[Run, Host]:
    hosts = [("@live", {**data, "boot": report.boot()})]
    here = Run(hosts, is_check=is_check, is_verbose=is_verbose)
    (host,) = here.hosts
    here.connect(host)
    return here, host


def _unanswerable() -> list[Operation]:
    """
    Return the operation without which no other can look: the C library would wait for a FIFO.
    """
    if not places.NAMES.is_fifo():
        return []
    detail = f"{places.NAMES}: a FIFO, should be a regular file; nothing else is known"
    return [Operation("SSH", "Know the user sshd in any case", "changed", 0.0, detail)]


def _expects_services() -> bool:
    return report.expects_services(report.load(), report.boot())
