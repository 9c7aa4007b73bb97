"""
Debian packages, asked for by name: dpkg's whole list is not needed to know twenty.
"""

from __future__ import annotations

import os
import posixpath
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from pyinfra.api import FactBase, QuoteString, StringCommand

from slipway.connectors import native
from slipway.connectors.native import Inside, Result
from slipway.system import files

_DATABASE = "/var/lib/dpkg"
_DIVERSIONS = f"{_DATABASE}/diversions"
_PROGRAM = "^(/usr)?/s?bin/[^/]+$"  # a line of a package's list of files
_PROGRAMS = r"(?m)^(?:/usr)?/s?bin/[^/\n]+$"  # the same, in a whole list
_CREDIBLE = "dpkg"  # a database that does not know this one is none of this system's
_SECONDS = 5  # in which dpkg answers, if it does
_LACKS = "! "  # before LIST:PATH


class Packages(NamedTuple):
    """
    What there is of the packages that were asked for.
    """

    installed: set[str]
    lacking: Mapping[str, str] = {}  # of these: a program that is not there
    is_known: bool = True  # dpkg's database can be read


class InstalledPackages(FactBase[Packages]):
    """
    Returns which of the named packages dpkg has installed, and which of these lack a program.
    """

    @staticmethod
    def default() -> Packages:
        """Without an answer nothing is known."""
        return Packages(set(), is_known=False)

    def command(self, packages: list[str]) -> StringCommand:
        """Ask dpkg-query, which exits with 1 when it does not know one, and look at its lists."""
        words = [
            "timeout", str(_SECONDS), "dpkg-query", "-W", "-f",
            "${db:Status-Status} ${Package}\\n", "--", *packages, _CREDIBLE,
        ]  # fmt: skip
        lists = [f"{_DATABASE}/info/{shlex.quote(name)}{end}" for name in packages for end in _ENDS]
        # fmt: off
        command = StringCommand(
            *map(QuoteString, words), "2>/dev/null;", "timeout", str(_SECONDS),
            "grep", "-sHE", f"'{_PROGRAM}'", *lists, "| while IFS= read -r line; do",
            'path=${line##*.list:}; [ -e "$path" ] || [ -L "$path" ]',
            f'|| grep -qsxF -- "$path" {_DIVERSIONS} || echo "{_LACKS}$line"; done',
        )
        # fmt: on
        return Inside(command, lambda: Result(native.output_of(words) + _lacking(packages)))

    def process(self, output: list[str]) -> Packages:
        """Keep those that are unpacked and configured."""
        words = (line.split(" ") for line in output if not line.startswith(_LACKS))
        installed = {name for status, name in words if status == "installed"}
        lacking: dict[str, str] = {}
        for line in output:
            if line.startswith(_LACKS):
                place, _, path = line.removeprefix(_LACKS).rpartition(".list:")
                name = posixpath.basename(place).partition(":")[0]
                if name in installed:
                    lacking.setdefault(name, path)
        return Packages(installed - {_CREDIBLE}, lacking, _CREDIBLE in installed)


_ENDS = (".list", ":*.list")  # of a list's name: with the architecture where there may be several


def _lacking(packages: Sequence[str]) -> bytes:
    """
    Do what the second half of the command does.
    """
    gone = [
        (place, found[0])
        for place in _lists(packages)
        for found in re.finditer(_PROGRAMS, _text(place))
        if not os.path.lexists(found[0])
    ]
    diverted = _text(_DIVERSIONS).splitlines() if gone else []
    lines = [f"{_LACKS}{place}:{path}\n" for place, path in gone if path not in diverted]
    return "".join(lines).encode(errors="surrogateescape")


def _lists(packages: Sequence[str]) -> Iterable[str]:
    try:
        names = os.listdir(f"{_DATABASE}/info")  # noqa: PTH208 - names
    except OSError:
        return
    wanted = {f"{name}.list" for name in packages}
    for name in names:
        if name in wanted or (name.endswith(".list") and name.partition(":")[0] in packages):
            yield f"{_DATABASE}/info/{name}"


def _text(path: str) -> str:
    return (files.readable(Path(path)) or b"").decode(errors="surrogateescape")
