"""
sshd's configuration as it is written: which line of which file says what.

`sshd -T` tells what holds, and not where it comes from. So the files are read here in sshd's order:
an Include is where it stands, its files in the order of their names, and the first value wins.
"""

from __future__ import annotations

import glob
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from slipway.contract import paths
from slipway.ssh.patterns import Connection, listed, matches
from slipway.system import files

_DEEPEST = 16  # Includes within Includes: sshd's own bound
_LINE = re.compile(r"\s*([A-Za-z0-9]+)(?:\s*=\s*|\s+|$)(.*)", re.DOTALL)
_WORD = re.compile(r'"([^"]*)"|([^\s"]+)')
DEFAULT_PORT = 22


class Line(NamedTuple):
    """
    A line that sets something.
    """

    path: str
    number: int  # from 1
    keyword: str  # lower case
    words: tuple[str, ...]
    conditions: tuple[tuple[str, ...], ...] = ()  # the words of each Match that it is under

    @property
    def place(self) -> str:
        """Return where it is, for a person."""
        return f"{self.path} line {self.number}"

    def applies(self, connection: Connection) -> bool:
        """Tell whether it holds for a connection."""
        return all(_holds(words, connection) for words in self.conditions)


class Written(NamedTuple):
    """
    All lines in sshd's order, and the paths that decide which lines there are.
    """

    lines: list[Line]
    looked_at: list[str]

    def first(
        self,
        keyword: str,
        connection: Connection,
        *,
        about: Callable[[Line], bool] = lambda _line: True,
    ) -> Line | None:
        """
        Return the line that decides, None for a default.

        + about: chooses among the lines of a keyword whose values add up
        """
        meant = (line for line in self.lines if line.keyword == keyword.lower() and about(line))
        return next((line for line in meant if line.applies(connection)), None)

    @property
    def ports(self) -> list[int]:
        """
        Return the ports of the Port lines.
        """
        words = [
            line.words[0]
            for line in self.lines
            if line.keyword == "port" and line.words and not line.conditions
        ]
        return [int(word) for word in words if word.isdigit()] or [DEFAULT_PORT]

    @property
    def addresses(self) -> list[str]:
        """
        Return the patterns of addresses that it makes a difference between.
        """
        found = []
        for line in self.lines:
            for criterion, patterns in _criteria(line.words if line.keyword == "match" else ()):
                if criterion in ("address", "host"):
                    found += patterns.split(",")
            if line.keyword in ("allowusers", "denyusers"):
                found += [word.partition("@")[2] for word in line.words if "@" in word]
        return list(dict.fromkeys(pattern.removeprefix("!") for pattern in found if pattern))


def options() -> list[str]:
    """
    Return the options that sshd is run with besides the usual ones.
    """
    return (files.readable(paths.SSHD_OPTIONS) or b"").decode(errors="replace").split()


def read(main: str = "") -> Written:
    """
    Read the main file and all that it includes; what can't be read has no lines.

    + main: by default the one that sshd is run with
    """
    words = options()
    given = words[words.index("-f") + 1] if "-f" in words[:-1] else str(paths.SSHD_CONFIG)
    looked_at = [str(paths.SSHD_OPTIONS)]
    return Written(list(_lines(main or given, (), looked_at, 0)), looked_at)


def includes(text: str, path: str) -> bool:
    """
    Tell whether a configuration includes a file, for every connection.
    """
    for raw in text.split("\n"):
        match = _LINE.match(raw)
        keyword = match[1].lower() if match else ""
        if match and keyword == "match":
            return False  # what follows holds for some
        if match and keyword == "include" and any(_fits(each, path) for each in _words(match[2])):
            return True
    return False


def _lines(
    path: str, outer: tuple[tuple[str, ...], ...], looked_at: list[str], depth: int
) -> Iterator[Line]:
    looked_at.append(path)
    try:
        text = Path(path).read_text(errors="replace")
    except OSError:
        return
    conditions = outer
    for number, raw in enumerate(text.split("\n"), start=1):
        match = _LINE.match(raw)
        if match is None:
            continue
        keyword, words = match[1].lower(), _words(match[2])
        if keyword == "match":
            conditions = (*outer, words)
        yield Line(path, number, keyword, words, () if keyword == "match" else conditions)
        if keyword == "include" and depth < _DEEPEST:
            for included in _included(words, looked_at):
                yield from _lines(included, conditions, looked_at, depth + 1)


def _included(patterns: tuple[str, ...], looked_at: list[str]) -> Iterator[str]:
    for pattern in patterns:
        whole = _absolute(pattern)
        has_wildcard = glob.has_magic(whole)
        looked_at.append(whole.rpartition("/")[0] if has_wildcard else whole)
        yield from sorted(glob.glob(whole))  # noqa: PTH207 - as glob(3): no Path, no hidden files


def _absolute(pattern: str) -> str:
    return pattern if pattern.startswith("/") else f"{paths.SSH}/{pattern}"


def _fits(pattern: str, path: str) -> bool:
    folder, _, name = _absolute(pattern).rpartition("/")
    place, _, file = path.rpartition("/")
    return matches(folder, place) and matches(name, file)


def _words(text: str) -> tuple[str, ...]:
    """
    Return a line's arguments; a comment ends them.
    """
    found = []
    for match in _WORD.finditer(text):
        if match[1] is None and match[2].startswith("#"):
            break
        found.append(match[2] if match[1] is None else match[1])
    return tuple(found)


def _criteria(words: tuple[str, ...]) -> list[tuple[str, str]]:
    """
    Return a Match's criteria with their patterns, "" for those that take none.
    """
    found, rest = [], [part for word in words for part in word.split("=", 1)]
    while rest:
        criterion = rest.pop(0).lower()
        takes_none = criterion in ("all", "invalid-user", "canonical", "final")
        found.append((criterion, "" if takes_none or not rest else rest.pop(0)))
    return found


def _holds(words: tuple[str, ...], connection: Connection) -> bool:
    """
    Tell whether a Match is about a connection; what is not known here is taken to hold.
    """
    for criterion, patterns in _criteria(words):
        texts = {
            "user": [connection.user],
            "group": connection.groups,
            "host": [connection.address],
            "address": [connection.address],
            "localport": [str(connection.port)],
        }.get(criterion)
        if criterion == "invalid-user" or (texts is not None and not listed(patterns, texts)):
            return False
    return True
