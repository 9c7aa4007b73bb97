"""
`slipway mount NAME`: the program behind each remote's mount.
"""

from __future__ import annotations

import argparse

from slipway.environment import host_data
from slipway.remotes.mounted import program


def arguments(parser: argparse.ArgumentParser) -> None:
    """
    Declare them.
    """
    parser.add_argument("name")


def run(options: argparse.Namespace) -> int:
    """
    Keep the remote mounted until told to stop.
    """
    return program.run(options.name, host_data.loaded().settings, host_data.inherited())
