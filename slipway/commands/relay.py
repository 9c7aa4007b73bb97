"""
`slipway relay`: rclone with its web server reachable through the mapped port.
"""

from __future__ import annotations

import argparse

from slipway.remotes import relay


def arguments(parser: argparse.ArgumentParser) -> None:
    """
    Declare them.
    """
    parser.add_argument("arguments", nargs="*", metavar="ARGUMENT")


def run(options: argparse.Namespace) -> int:
    """
    Run rclone with these arguments.
    """
    return relay.run(options.arguments)
