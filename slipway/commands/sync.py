"""
`slipway sync NAME`: the program behind each remote that is copied (SLIPWAY_REMOTE_SYNC).
"""

from __future__ import annotations

import argparse

from slipway.environment import host_data
from slipway.remotes.copied.program import Sync


def arguments(parser: argparse.ArgumentParser) -> None:
    """
    Declare them.
    """
    parser.add_argument("name")


def run(options: argparse.Namespace) -> int:
    """
    Keep both sides alike until told to stop.
    """
    return Sync(options.name, host_data.loaded().settings, host_data.inherited()).run()
