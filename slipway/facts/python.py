"""
Python environments: which distributions are in them.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from pyinfra.api import FactBase, QuoteString, StringCommand

from slipway.connectors.native import Inside, Result
from slipway.system import files

RECORD = ".slipway"  # in an environment: the digest of the requirements that it was made of
_DISTRIBUTION = re.compile(r"dist (.+)-([^-]+)\.dist-info")


class Environment(NamedTuple):
    """
    What is in one.
    """

    distributions: dict[str, str]  # by normalized name: the version
    record: str


class PythonEnvironment(FactBase[Environment]):
    """
    Returns the distributions of a virtual environment, and what it was made of.

    pip keeps a directory NAME-VERSION.dist-info beside each: asking pip itself takes half a second.
    """

    def default(self) -> Environment:  # type: ignore[override]  # pyinfra has a class here
        """Say what is so where there is none."""
        return Environment({}, "")

    def command(self, path: str) -> StringCommand:
        """List them."""
        place = QuoteString(path)
        # fmt: off
        command = StringCommand(
            "cd", place, "2>/dev/null", "||", "exit 0;",
            "for each in lib/python3*/site-packages/*.dist-info; do",
            '[ ! -e "$each" ] || echo "dist ${each##*/}"; done;',
            f'[ ! -e {RECORD} ] || echo "record $(cat {RECORD})"',
        )
        # fmt: on
        return Inside(command, lambda: _listed(Path(path)))

    def process(self, output: list[str]) -> Environment:
        """Read a word a line."""
        found = map(_DISTRIBUTION.fullmatch, output)
        record = [line.removeprefix("record ") for line in output if line.startswith("record ")]
        return Environment(
            {normalized(each[1]): each[2] for each in found if each}, "".join(record)
        )


def normalized(name: str) -> str:
    """
    Return a distribution's name as all spellings of it are compared (PEP 503).
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def _listed(path: Path) -> Result:
    found = sorted(path.glob("lib/python3*/site-packages/*.dist-info"))
    lines = [f"dist {each.name}" for each in found]
    if (record := files.readable(path / RECORD)) is not None:
        lines.append(f"record {record.decode(errors='replace').strip()}")
    return Result("".join(f"{line}\n" for line in lines).encode(errors="surrogateescape"))
