"""
Many files at once: one command instead of three a file.
"""

from __future__ import annotations

import contextlib
import functools
import grp
import pwd
import re
import stat
from collections.abc import Callable, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

from pyinfra.api import FactBase, QuoteString, StringCommand

from slipway.connectors import native
from slipway.connectors.native import Inside, Result
from slipway.system.atomic import temporary
from slipway.system.bounded_files import BoundedFiles

_ESCAPES = {"n": "\n", "r": "\r", "\\": "\\"}  # sha256sum's
_ESCAPE = r"\\([nr\\])"
_ESCAPED = {character: f"\\{letter}" for letter, character in _ESCAPES.items()}
_SUM = r"\\?[0-9a-f]{64}  "  # sha256sum(1); stat's lines begin with a word
NO_ANSWER = "no answer"  # a type: its file system has not said what is there
_KINDS = {
    stat.S_IFREG: "regular file",
    stat.S_IFDIR: "directory",
    stat.S_IFLNK: "symbolic link",
    stat.S_IFIFO: "fifo",
    stat.S_IFSOCK: "socket",
    stat.S_IFCHR: "character special file",
    stat.S_IFBLK: "block special file",
}


class FileState(NamedTuple):
    """
    What is at a path; `sha256` is "" for anything but a regular file.
    """

    type: str  # as stat(1) prints it: "regular file", "symbolic link", "directory"
    mode: str  # octal: "644"
    user: str
    group: str
    sha256: str


class FileStates(FactBase[dict[str, FileState]]):
    """
    Returns what is at each of several paths; paths with nothing there are left out.

    The drafts that a killed run may have left beside them are listed too.
    """

    default = dict

    def command(self, paths: list[str]) -> StringCommand:
        """Stat and hash them all; `stat` does not follow links, so a link is seen as one."""
        words = [QuoteString(path) for path in paths]
        drafts = [QuoteString(temporary(path)) for path in paths]
        status = "LC_ALL=C stat --printf '%F|%a|%U|%G|%n\\n' --"  # %F is a word, translated
        # fmt: off
        command = StringCommand(
            "{", status, *words, *drafts, ";", "find", *words,
            "-maxdepth", "0", "-type", "f", "-exec", "sha256sum", "--", "{}", "+;", "}",
            "2>/dev/null", "||", "true",
        )
        # fmt: on
        return Inside(command, lambda: _listed(paths))

    def process(self, output: list[str]) -> dict[str, FileState]:
        """Join the two listings by path."""
        sums = {}
        states = {}
        for line in output:
            if re.match(_SUM, line):
                digest, _, path = line.partition("  ")
                sums[_unescaped(digest, path)] = digest.lstrip("\\")
            else:
                kind, mode, user, group, path = line.split("|", 4)
                states[path] = FileState(kind.replace("empty ", ""), mode, user, group, "")
        return {
            path: state._replace(sha256=sums.get(path, "") if "regular" in state.type else "")
            for path, state in states.items()
        }


def _listed(paths: list[str]) -> Result:
    """
    Do what the command does.
    """
    lines, files, names = [], BoundedFiles(), Names()
    for path in (*paths, *map(temporary, paths)):
        try:
            status = files.lstat(path)
        except TimeoutError:
            lines.append(f"{NO_ANSWER}||||{path}\n")
            continue
        except OSError:
            continue
        kind = kind_of(status.mode)
        if kind == "regular file" and not status.size:
            kind = "regular empty file"
        user, group = names.user(status.uid), names.group(status.gid)
        lines.append(f"{kind}|{stat.S_IMODE(status.mode):o}|{user}|{group}|{path}\n")
        if "regular" in kind and path in paths:
            with contextlib.suppress(OSError):
                digest = sha256(files.read(path)).hexdigest()
                mark = "\\" if set(path) & set(_ESCAPES.values()) else ""
                escaped = "".join(_ESCAPED.get(character, character) for character in path)
                lines.append(f"{mark}{digest}  {escaped}\n")
    return Result("".join(lines).encode(errors="surrogateescape"))


def kind_of(mode: int) -> str:
    """
    Return a file's type as stat(1) prints it.
    """
    return _KINDS.get(stat.S_IFMT(mode), "weird file")


class Names:
    """
    Names of users and groups as stat(1) prints them: each is asked for once in a listing.
    """

    def __init__(self) -> None:
        self.user = functools.cache(functools.partial(_name, pwd.getpwuid))
        self.group = functools.cache(functools.partial(_name, grp.getgrgid))


def _name(of: Callable[[int], Sequence[Any]], number: int) -> str:
    try:
        return str(of(number)[0])
    except KeyError:
        return "UNKNOWN"  # as stat(1) prints it


def _unescaped(digest: str, path: str) -> str:
    """Undo sha256sum's escapes, which it marks with a backslash before the digest."""
    if not digest.startswith("\\"):
        return path
    return re.sub(_ESCAPE, lambda match: _ESCAPES[match[1]], path)


class LinkTargets(FactBase[dict[str, str]]):
    """
    Returns where symbolic links point; paths that are no link are left out.
    """

    default = dict

    def command(self, paths: list[str]) -> StringCommand:
        """Read them all."""
        words = map(QuoteString, paths)
        loop = '; do target=$(readlink -- "$path") && printf "%s\\n" "$path" "$target"; done; true'
        return Inside(StringCommand("for path in", *words, loop), lambda: _targets(paths))

    def process(self, output: list[str]) -> dict[str, str]:
        """Take the lines in pairs."""
        return dict(zip(output[::2], output[1::2], strict=True))


def _targets(paths: list[str]) -> Result:
    """
    Do what the command of LinkTargets does.
    """
    lines, files = [], BoundedFiles()
    for path in paths:
        with contextlib.suppress(OSError):
            target = files.readlink(path)
            lines.append(f"{path}\n{target}\n")
    return Result("".join(lines).encode(errors="surrogateescape"))


class FileText(FactBase[str]):
    """
    Returns a text file's content; "" where there is none, or what is there is no file.
    """

    default = str

    def command(self, path: str) -> StringCommand:
        """Print it."""
        word = QuoteString(path)
        command = StringCommand(
            "[ ! -f", word, "]", "||", "cat", "--", word, "2>/dev/null", "||", "true"
        )
        return Inside(command, lambda: native.read(path))

    def process(self, output: list[str]) -> str:
        """Join the lines again."""
        return "".join(f"{line}\n" for line in output)
