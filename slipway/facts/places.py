"""
What is at places of ours, and what each leads to: all that is to be a directory, say.
"""

from __future__ import annotations

import stat
from collections.abc import Callable
from typing import NamedTuple

from pyinfra.api import FactBase, QuoteString, StringCommand

from slipway.connectors.native import Inside, Result
from slipway.facts.files import NO_ANSWER, Names, kind_of
from slipway.system.bounded_files import BoundedFiles, Status


class Place(NamedTuple):
    """
    What is at a path. Mode and owner are those of what it leads to.
    """

    type: str  # as stat(1) prints it: "directory", "symbolic link"
    leads: str  # the type of what a link leads to, its own of another file; "" for nowhere
    mode: str  # octal: "755"
    user: str
    group: str = "root"

    @property
    def is_directory(self) -> bool:
        """Tell whether it is one, perhaps behind a link."""
        return self.leads == "directory"

    @property
    def is_silent(self) -> bool:
        """Tell whether its file system does not answer."""
        return NO_ANSWER in (self.type, self.leads)


class Places(FactBase[dict[str, Place]]):
    """
    Returns what is at each of several paths; paths with nothing there are left out.
    """

    default = dict

    def command(self, paths: list[str]) -> StringCommand:
        """Stat each twice: itself, and what it leads to."""
        words = map(QuoteString, paths)
        script = (
            '; do LC_ALL=C stat -c "%F|%a|%U|%G|%n" -- "$path" 2>/dev/null || continue; '
            'LC_ALL=C stat -L -c "%F|%a|%U|%G|%n" -- "$path" 2>/dev/null || echo; done; true'
        )
        return Inside(StringCommand("for path in", *words, script), lambda: _listed(paths))

    def process(self, output: list[str]) -> dict[str, Place]:
        """Take the lines in pairs."""
        places = {}
        for first, second in zip(output[::2], output[1::2], strict=True):
            kind, _, _, _, path = first.split("|", 4)
            leads, mode, user, group, _ = second.split("|", 4) if second else [""] * 5
            places[path] = Place(
                kind.replace("empty ", ""), leads.replace("empty ", ""), mode, user, group
            )
        return places


def _listed(paths: list[str]) -> Result:
    """
    Do what the command does.
    """
    files, names = BoundedFiles(), Names()
    lines = []
    for path in paths:
        first = _line(files.lstat, path, names)
        if first:
            lines += [first, _line(files.stat, path, names) or "\n"]
    return Result("".join(lines).encode(errors="surrogateescape"))


def _line(look: Callable[[str], Status], path: str, names: Names) -> str:
    try:
        status = look(path)
    except TimeoutError:
        return f"{NO_ANSWER}||||{path}\n"
    except OSError:
        return ""
    mode = f"{stat.S_IMODE(status.mode):o}"
    owner = f"{names.user(status.uid)}|{names.group(status.gid)}"
    return f"{kind_of(status.mode)}|{mode}|{owner}|{path}\n"
