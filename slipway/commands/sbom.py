"""
`slipway sbom`: the software in this image as SPDX 2.3.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import platform
import time

from slipway.contract import exits, paths
from slipway.environment import host_data
from slipway.system import atomic, files, software, spdx

OURS = "slipway"  # what contains all the rest


def arguments(parser: argparse.ArgumentParser) -> None:
    """
    Declare them.
    """
    doing = parser.add_mutually_exclusive_group()
    doing.add_argument("--write", action="store_true", help=f"to {paths.SBOM}")
    doing.add_argument("--check", action="store_true", help="say whether that one is another")


def run(options: argparse.Namespace) -> int:
    """
    Print it, or put it where the image has it.

    A document of the same software stays as it is, with its date.
    """
    known = files.shown(paths.SBOM)
    others = [each for each in software.installed() if each.name != OURS]
    found = spdx.document(
        others,
        version=importlib.metadata.version(OURS),
        distribution=platform.freedesktop_os_release(),
        created=float(host_data.inherited().get("SOURCE_DATE_EPOCH") or time.time()),
    )
    is_known = spdx.namespace(found) == spdx.namespace(known)
    if options.check:
        return exits.OK if is_known else exits.DRIFT
    if not options.write:
        print(known if is_known else found, end="")
    elif not is_known:
        paths.SBOM.parent.mkdir(parents=True, exist_ok=True)
        atomic.write(paths.SBOM, found.encode(), mode=0o644)
    return exits.OK
