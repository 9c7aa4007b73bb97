"""
`slipway extensions`: this container's extensions alone, for whoever converges it from outside.

That one holds the lock of convergences, so it is not taken here.
"""

from __future__ import annotations

import argparse

from slipway.commands import output
from slipway.contract import exits
from slipway.converge import light_pyinfra


def arguments(parser: argparse.ArgumentParser) -> None:
    """
    Declare them.
    """
    parser.add_argument("--check", action="store_true", help="change nothing, say what would be")


def run(options: argparse.Namespace) -> int:
    """
    Print the report as JSON.
    """
    light_pyinfra.install()
    from slipway.converge import here  # noqa: PLC0415 - pyinfra comes after its stand-ins

    report = here.extensions(is_check=options.check)
    output.show(report.to_json(), [])
    return exits.FAILED if report.failed else exits.OK
