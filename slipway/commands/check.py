"""
`slipway check`: what `slipway converge` would change, and why; nothing is changed.
"""

from __future__ import annotations

import argparse

from slipway.commands import output, undisturbed
from slipway.contract import exits
from slipway.converge import light_pyinfra


def arguments(parser: argparse.ArgumentParser) -> None:
    """
    Declare them.
    """
    parser.add_argument(
        "-v",
        "--verbose",
        action="store_true",
        help="say how: the differences of files that are no secret, and the commands",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def run(options: argparse.Namespace) -> int:
    """
    Say it, one line a thing.
    """
    light_pyinfra.install()
    from slipway.converge import here  # noqa: PLC0415 - pyinfra comes after its stand-ins

    report = undisturbed.looked(lambda: here.check(is_verbose=options.verbose))
    drift = [operation for operation in report.operations if operation.outcome == "changed"]
    lines = [str(operation) for operation in report.failed]
    lines += [line for operation in drift for line in operation.lines()]
    output.show(report.to_json() if options.json else None, lines or ["nothing would change"])
    if report.failed:
        return exits.FAILED
    return exits.DRIFT if drift else exits.OK
