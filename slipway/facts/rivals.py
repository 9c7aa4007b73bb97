"""
Debian packages that can't be installed beside one another.

Of a package that is gone dpkg does not know what it excluded, so that is noted while it is there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pyinfra.api import FactBase, QuoteString, StringCommand

from slipway.contract.paths import RELATIONS

_SECONDS = 5  # in which dpkg answers, if it does
_EXCLUDES = "${Conflicts}, ${Breaks}"
_INSTALLED = "installed\t"
_FORMAT = rf"${{db:Status-Status}}\t${{Package}}\t{_EXCLUDES}\t${{Provides}}\n"
_ASKED = ("timeout", str(_SECONDS), "dpkg-query", "-W", "-f", _FORMAT)


class Package(NamedTuple):
    """
    What dpkg knows of one, in names of packages, real and virtual.
    """

    name: str
    excludes: frozenset[str]
    provides: frozenset[str] = frozenset()

    def excluded_by(self, other: Package) -> bool:
        """Tell whether the two can't be installed together."""
        return bool(
            self.excludes & {other.name, *other.provides}
            or other.excludes & {self.name, *self.provides}
        )


class Relations(FactBase[list[str]]):
    """
    Returns what each of these packages excludes and provides, a line each, where dpkg knows it.
    """

    default = list

    def command(self, packages: Sequence[str]) -> StringCommand:
        """Ask dpkg-query, which exits with 1 where it does not know one."""
        words = map(QuoteString, (*_ASKED, "--", *packages))
        return StringCommand(*words, "2>/dev/null; true")

    def process(self, output: list[str]) -> list[str]:
        """Keep what is installed."""
        return _installed(output)


class Rivals(FactBase[dict[str, str]]):
    """
    Returns which of these packages can't be installed beside one that is, and the name of that.
    """

    default = dict

    def command(self, packages: Sequence[str]) -> StringCommand:
        """Read what is noted of them, and ask for all that is installed."""
        return StringCommand(
            *("printf '%s\\n' --", *map(QuoteString, packages), ";"),
            *("cat", str(RELATIONS), "2>/dev/null;"),
            *map(QuoteString, _ASKED),
            "2>/dev/null; true",
        )

    def process(self, output: list[str]) -> dict[str, str]:
        """Compare each with each of the others."""
        names = [line for line in output[1:] if "\t" not in line]
        installed = [parsed(line) for line in _installed(output)]
        there = {package.name for package in installed}
        noted = {
            line.partition("\t")[0]: parsed(line)
            for line in output
            if "\t" in line and not line.startswith(_INSTALLED)
        }
        found = {}
        for name in names:
            package = noted.get(name, Package(name, frozenset()))
            rivals = [other.name for other in installed if package.excluded_by(other)]
            if rivals and name not in there:
                found[name] = rivals[0]
        return found


def _installed(output: list[str]) -> list[str]:
    return [line.removeprefix(_INSTALLED) for line in output if line.startswith(_INSTALLED)]


def parsed(line: str) -> Package:
    """
    Read a line: the package, what it conflicts with or breaks, and what it provides.
    """
    name, excludes, provides = [*line.split("\t"), "", ""][:3]
    return Package(name, frozenset(_any_version(excludes)), frozenset(_names(provides)))


def merged(present: Iterable[str], kept: Iterable[str]) -> str:
    """
    Return the note of packages that are there, beside what was noted of others.
    """
    lines = {line.partition("\t")[0]: line for line in (*kept, *present) if line}
    return "".join(f"{lines[name]}\n" for name in sorted(lines))


def _any_version(relations: str) -> Iterable[str]:
    """
    Return the names that are excluded altogether: an older version that is would be upgraded.
    """
    parts = (part.strip() for part in relations.split(","))
    return [part.partition(":")[0] for part in parts if part and "(" not in part]


def _names(relations: str) -> Iterable[str]:
    parts = (part.split("(")[0].strip() for part in relations.split(","))
    return [part.partition(":")[0] for part in parts if part]
