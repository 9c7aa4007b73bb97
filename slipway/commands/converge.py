"""
`slipway converge`: the desired state, applied to this container or to the image that is built.
"""

from __future__ import annotations

import argparse
import sys
import time

from slipway.commands import output
from slipway.contract import exits
from slipway.converge import light_pyinfra
from slipway.environment import host_data


def arguments(parser: argparse.ArgumentParser) -> None:
    """
    Declare them. Those without a help text are for our own programs.
    """
    parser.add_argument("--timings", action="store_true", help="say where the time went")
    parser.add_argument(
        "--phase",
        choices=["build", "start"],
        default="start",
        help="build: the image that is being made, which belongs to nobody yet",
    )
    parser.add_argument("--without-services", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--keep-stopped", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(options: argparse.Namespace) -> int:
    """
    Converge; one that only the caller waits for.
    """
    return converge(
        options.phase,
        services=False if options.without_services else None,
        keep_stopped=options.keep_stopped,
        is_start=options.without_services or options.keep_stopped,
        is_timed=options.timings,
        as_json=options.json,
    )


def converge(  # noqa: PLR0913 - each is a choice of the caller's
    phase: str = "start",
    *,
    services: bool | None = None,
    keep_stopped: bool = False,
    beside_supervisord: bool = False,
    is_start: bool = False,
    is_timed: bool = False,
    as_json: bool = False,
) -> int:
    """
    Converge and say what was done; returns the exit code. Raises OSError.

    + services, keep_stopped, beside_supervisord, is_start: as for `slipway.converge.here.converge`
    """
    began = time.monotonic()
    light_pyinfra.install()
    from slipway.converge import here  # noqa: PLC0415 - pyinfra comes after its stand-ins
    from slipway.converge.timings import Timings  # noqa: PLC0415 - likewise
    from slipway.ssh import verdict  # noqa: PLC0415 - only in what converges

    if phase == "start" and (refused := _refused_under_strict()):
        for line in refused:
            print(f"slipway: refused: {line}", file=sys.stderr)
        return exits.REFUSED
    timings = Timings(began) if is_timed else None
    report = here.converge(
        phase,
        services=services,
        keep_stopped=keep_stopped,
        beside_supervisord=beside_supervisord,
        is_start=is_start,
        timings=timings,
    )
    document = report.to_json()
    login = verdict.look(keep=True) if phase == "start" and report.services else None
    if is_start and not keep_stopped:
        from slipway.commands import announcement  # noqa: PLC0415 - likewise

        lines = announcement.lines(report, host_data.loaded().settings, login)
    else:
        obstacles = login.obstacles if login else []
        lines = [f"slipway: {line}" for line in (*report.summary(), *obstacles)]
    if timings:
        document["timings"] = timings.to_json()
        lines += timings.lines()
    output.show(document if as_json else None, lines)
    return exits.FAILED if report.failed else exits.OK


def _refused_under_strict() -> list[str]:
    loaded = host_data.loaded()
    return [str(refusal) for refusal in loaded.refusals] if loaded.settings.strict else []
