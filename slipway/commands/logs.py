"""
`slipway logs`: the services' logs as one stream, each line with its program's name.
"""

from __future__ import annotations

import argparse
import sys

from slipway.commands import output
from slipway.contract import exits
from slipway.contract.paths import LOGS, RUN_LOGS
from slipway.services.logs import directory, follow

BACKLOG = 10  # lines of each log that `slipway logs -f` begins with, as tail(1) does


def arguments(parser: argparse.ArgumentParser) -> None:
    """
    Declare them.
    """
    parser.add_argument(
        "-f", "--follow", action="store_true", help="show the last lines, then what comes"
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="of programs; all by default")


def run(options: argparse.Namespace) -> int:
    """
    Show what the logs hold, or follow them.
    """
    logs = directory.place(LOGS, RUN_LOGS)
    there = follow.programs(logs)
    unknown = sorted(set(options.names) - set(there))
    if unknown and not options.follow:
        return output.fail(f"no log of {', '.join(unknown)}; there are: {', '.join(there)}")
    stdout = sys.stdout.fileno()
    write = follow.writer(stdout)
    if options.follow:
        quiet = not options.names  # whoever asks for supervisord's log sees all of it
        follow.follow(
            logs, write, names=options.names, backlog=BACKLOG, output=stdout, is_quiet=quiet
        )
    else:
        follow.show(logs, write, names=options.names, output=stdout)
    return exits.OK
