"""
`slipway settings`: every variable of Slipway's, its value, and where it came from.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence

from slipway.contract import exits, paths
from slipway.environment import derived, extensions, host_data, public
from slipway.settings import key_descriptions, variables
from slipway.settings.load import Loaded, Row
from slipway.settings.secrecy import printable, shown
from slipway.ssh import key_files
from slipway.system import files

_THERE = str(paths.AUTHORIZED_KEYS)
_GIVEN = "given to the container"


def arguments(parser: argparse.ArgumentParser) -> None:
    """
    Declare them.
    """
    parser.add_argument("--all", action="store_true", help="the container's other variables, too")
    parser.add_argument("--markdown", action="store_true", help="the table of the README")


def run(options: argparse.Namespace) -> int:
    """
    Print a table, the keys, then what was refused.
    """
    if options.markdown:
        print(variables.as_table(extensions.here().variables), end="")
        return exits.OK
    loaded = host_data.loaded()
    rows = loaded.table()
    if options.all:
        baked = files.shown(paths.BAKED).splitlines()
        around = derived.observe(loaded.settings.workspace)
        rows += others(loaded, derived.derive(loaded.settings, around), baked)
    print(*table(rows), sep="\n")
    for line in keys(loaded, *key_files.contents()):
        print(line)
    for note in loaded.notes:
        print(f"noted: {note}")
    for refusal in loaded.refusals:
        print(f"refused: {refusal}")
    return exits.OK


def table(rows: Sequence[Row]) -> list[str]:
    """
    Return rows as lines, their columns below each other.
    """
    widths = [max(len(row.name) for row in rows), max(len(row.value) for row in rows)]
    return [f"{row.name:{widths[0]}}  {row.value:{widths[1]}}  {row.source}" for row in rows]


def keys(loaded: Loaded, *there: bytes) -> list[str]:
    """
    Return a line for each key: as `ssh-keygen -l` has it, and where it came from.

    + there: what sshd's files hold, keys of the image and the platform included
    """
    sources: dict[str, str] = {}
    for line, source in zip(loaded.settings.keys, loaded.key_sources, strict=True):
        if key := key_descriptions.of(line):
            sources.setdefault(key.blob, source)
    given = [line.encode(errors="surrogateescape") for line in loaded.settings.keys]
    return [
        f"key: {key.type} {key.fingerprint} {key.comment or '(no comment)'}  "
        f"{sources.get(key.blob, f'{_THERE}, which was there before')}"
        for key in key_descriptions.of_files(*given, *there)
    ]


def others(loaded: Loaded, seen: Mapping[str, str], baked: Sequence[str]) -> list[Row]:
    """
    Return the variables of sessions and services that are none of Slipway's own.

    + seen: what sessions have
    + baked: digests of the image's own variables
    """
    known = {row.name for row in loaded.table()} | {each.name for each in loaded.declared}
    given = loaded.settings.environment
    rows = []
    for name, value in sorted(seen.items()):
        if name in known:
            continue
        if name not in given or given[name] != value:
            source = "Slipway"
        elif public.digest(name, value) in baked:
            source = "the image"
        else:
            source = _GIVEN
        rows.append(Row(printable(name), shown(name, value), source))
    return rows
