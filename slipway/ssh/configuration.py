"""
sshd's configuration as it is written: which line of which file says what.

`sshd -T` tells what holds, and not where it comes from. So the files are read here in sshd's order:
an Include is where it stands, its files in the order of their names, and the first value wins; the
first one of a Match block that applies, where there is one.
"""

from __future__ import annotations

import glob
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from slipway.contract import paths
from slipway.ssh.patterns import Connection, listed, matches
from slipway.system import files
from slipway.system.bounded_files import BoundedFiles

_BOUND = 1.0  # seconds for a file: health has few
_DEEPEST = 16  # Includes within Includes: sshd's own bound
_LINE = r"(?s)\s*([A-Za-z0-9]+)(?:\s*=\s*|\s+|$)(.*)"
_WORD = r'"([^"]*)"|([^\s"]+)'
DEFAULT_PORT = 22
_LAST_PORT = 65535
_DIGITS = 5


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

        What a Match block says overrules what is said for all, wherever the two stand.

        + about: chooses among the lines of a keyword whose values add up
        """
        meant = [line for line in self.lines if line.keyword == keyword.lower()]
        holding = [line for line in meant if line.applies(connection)]
        deciding = [line for line in holding if line.conditions] or holding
        return next(filter(about, deciding), None)

    @property
    def ports(self) -> list[int]:
        """
        Return the ports of the Port lines that sshd can use.
        """
        words = [
            line.words[0]
            for line in self.lines
            if line.keyword == "port" and line.words and not line.conditions
        ]
        return [port for word in words if (port := _port(word))] or [DEFAULT_PORT]

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


def _port(word: str) -> int:
    """
    Return the port that sshd takes a word for, 0 for none: a number or a service's name.
    """
    if word.isascii() and word.isdigit():
        number = word.lstrip("0")
        return int(number) if 0 < len(number) <= _DIGITS and int(number) <= _LAST_PORT else 0
    import socket  # noqa: PLC0415 - nobody gives a name

    try:
        return socket.getservbyname(word, "tcp")
    except (OSError, ValueError):
        return 0


def options() -> list[str]:
    """
    Return the options that sshd is run with besides the usual ones.
    """
    if paths.SSHD_LEFT_OUT.exists():
        return ["-f", f"{paths.SSHD_COPIES}{given_main()}"]
    return given_options()


def given_options() -> list[str]:
    """
    Return the options that sshd is to be run with, where it can use what they name.
    """
    return files.shown(paths.SSHD_OPTIONS).split()


def given_main() -> str:
    """
    Return the main file that these options name.
    """
    return main_of(given_options())


def read(main: str = "") -> Written:
    """
    Read the main file and all that it includes; what can't be read has no lines.

    Lines of the copies that slipway.ssh.usable makes are told by their originals' places.

    + main: by default the one that sshd is run with
    """
    looked_at = [str(paths.SSHD_OPTIONS), str(paths.SSHD_LEFT_OUT)]
    return Written(list(_lines(main or main_of(options()), (), looked_at, 0)), looked_at)


def main_of(words: Sequence[str]) -> str:
    """
    Return the main file that options name.
    """
    return words[words.index("-f") + 1] if "-f" in words[:-1] else str(paths.SSHD_CONFIG)


def includes(text: str, path: str) -> bool:
    """
    Tell whether a configuration includes a file, for every connection.
    """
    for raw in text.split("\n"):
        keyword, words = parsed(raw)
        if keyword == "match":
            return False  # what follows holds for some
        if keyword == "include" and any(_fits(each, path) for each in words):
            return True
    return False


def _lines(
    path: str, outer: tuple[tuple[str, ...], ...], looked_at: list[str], depth: int
) -> Iterator[Line]:
    looked_at.append(path)
    text = _text(path)
    copies = str(paths.SSHD_COPIES)
    original = path.removeprefix(copies) if path.startswith(f"{copies}/") else path
    conditions = outer
    for number, raw in enumerate(text.split("\n"), start=1):
        keyword, words = parsed(raw)
        if not keyword:
            continue
        if keyword == "match":
            conditions = (*outer, words)
        yield Line(original, number, keyword, words, () if keyword == "match" else conditions)
        if keyword == "include" and depth < _DEEPEST:
            looked_at += map(_watched, words)
            for file in included(words):
                yield from _lines(file, conditions, looked_at, depth + 1)


def _text(path: str) -> str:
    """
    Return a file's text; "" where there is none, or what is there is no file or does not answer.
    """
    bounded = BoundedFiles(bound=_BOUND)
    try:
        if stat.S_ISREG(bounded.stat(path).mode):
            return bounded.read(path).decode(errors="replace")
    except OSError:
        pass
    return ""


def included(patterns: Sequence[str]) -> list[str]:
    """
    Return the files that an Include names, in sshd's order.
    """
    found: list[str] = []
    for pattern in patterns:  # as glob(3): no Path, no hidden files
        found += sorted(glob.glob(_absolute(pattern)))  # noqa: PTH207
    return found


def _watched(pattern: str) -> str:
    """
    Return what changes where other files come to be included.
    """
    whole = _absolute(pattern)
    return whole.rpartition("/")[0] if glob.has_magic(whole) else whole


def parsed(line: str) -> tuple[str, tuple[str, ...]]:
    """
    Return a line's keyword, in lower case, and its arguments; "" for a line that has none.
    """
    match = re.match(_LINE, line)
    return (match[1].lower(), _words(match[2])) if match else ("", ())


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
    for match in re.finditer(_WORD, text):
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
