"""
Many files at once: one command instead of three a file.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from pyinfra.api import FactBase, QuoteString, StringCommand

from slipway.atomic import temporary

_ESCAPES = {"n": "\n", "r": "\r", "\\": "\\"}  # sha256sum's
_ESCAPE = re.compile(r"\\([nr\\])")
_SUM = re.compile(r"\\?[0-9a-f]{64}  ")  # sha256sum(1); stat's lines begin with a word


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
        stat = "LC_ALL=C stat --printf '%F|%a|%U|%G|%n\\n' --"  # %F is a word, translated
        # fmt: off
        return StringCommand(
            "{", stat, *words, *drafts, ";", "sha256sum", "--", *words, ";", "}",
            "2>/dev/null", "||", "true",
        )
        # fmt: on

    def process(self, output: list[str]) -> dict[str, FileState]:
        """Join the two listings by path."""
        sums = {}
        states = {}
        for line in output:
            if _SUM.match(line):
                digest, _, path = line.partition("  ")
                sums[_unescaped(digest, path)] = digest.lstrip("\\")
            else:
                kind, mode, user, group, path = line.split("|", 4)
                states[path] = FileState(kind.replace("empty ", ""), mode, user, group, "")
        return {
            path: state._replace(sha256=sums.get(path, "") if "regular" in state.type else "")
            for path, state in states.items()
        }


def _unescaped(digest: str, path: str) -> str:
    """Undo sha256sum's escapes, which it marks with a backslash before the digest."""
    if not digest.startswith("\\"):
        return path
    return _ESCAPE.sub(lambda match: _ESCAPES[match[1]], path)


class LinkTargets(FactBase[dict[str, str]]):
    """
    Returns where symbolic links point; paths that are no link are left out.
    """

    default = dict

    def command(self, paths: list[str]) -> StringCommand:
        """Read them all."""
        words = map(QuoteString, paths)
        loop = '; do target=$(readlink -- "$path") && printf "%s\\n" "$path" "$target"; done; true'
        return StringCommand("for path in", *words, loop)

    def process(self, output: list[str]) -> dict[str, str]:
        """Take the lines in pairs."""
        return dict(zip(output[::2], output[1::2], strict=True))


class FileText(FactBase[str]):
    """
    Returns a text file's content; "" where there is none.
    """

    default = str

    def command(self, path: str) -> StringCommand:
        """Print it."""
        return StringCommand("cat", "--", QuoteString(path), "2>/dev/null", "||", "true")

    def process(self, output: list[str]) -> str:
        """Join the lines again."""
        return "".join(f"{line}\n" for line in output)
