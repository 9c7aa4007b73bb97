"""
`slipway verify`: the specs, run against this container from within.
"""

from __future__ import annotations

import argparse

from slipway.commands import undisturbed
from slipway.contract.paths import EXTENSIONS, PROJECT


def arguments(parser: argparse.ArgumentParser) -> None:
    """
    Declare them.
    """
    parser.add_argument("pytest", nargs="*", help="arguments for pytest")


def run(options: argparse.Namespace) -> int:
    """
    Run pytest; its own output says what holds.
    """
    import pytest  # noqa: PLC0415 - half a second, which an `--help` need not take

    specs = [PROJECT / "tests/image", *sorted(EXTENSIONS.glob("*/specs"))]
    # what a user chose is a reason to skip a spec, and is said
    words = [
        "-q",
        "-rfEs",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(PROJECT),
        "--hosts",
        "local://",
        "--continue-on-collection-errors",  # one spec that is wrong costs itself
        "-p",
        "slipway.commands.spec_fixtures",
    ]
    words += [*options.pytest, *map(str, specs)]
    return int(bool(undisturbed.looked(lambda: pytest.main(words))))
