"""
`slipway settings`: every variable, its value, and where it came from.
"""

from __future__ import annotations

import argparse

from slipway.contract import exits
from slipway.environment import extensions, host_data
from slipway.settings import variables


def arguments(parser: argparse.ArgumentParser) -> None:
    """
    Declare them.
    """
    parser.add_argument("--markdown", action="store_true", help="the table of the README")


def run(options: argparse.Namespace) -> int:
    """
    Print a table, then what was refused.
    """
    if options.markdown:
        print(variables.as_table(extensions.read().variables), end="")
        return exits.OK
    loaded = host_data.loaded()
    rows = loaded.table()
    widths = [max(len(row.name) for row in rows), max(len(row.value) for row in rows)]
    for row in rows:
        print(f"{row.name:{widths[0]}}  {row.value:{widths[1]}}  {row.source}")
    for note in loaded.notes:
        print(f"noted: {note}")
    for refusal in loaded.refusals:
        print(f"refused: {refusal}")
    return exits.OK
