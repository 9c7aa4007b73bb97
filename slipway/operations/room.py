"""
Room for files of ours: what lies where a draft or a directory has to be is kept beside.
"""

from __future__ import annotations

import os
from pathlib import Path

from pyinfra.api import QuoteString, StringCommand

from slipway.system import aside

_KEPT = 'mv -T --backup=numbered -- "$it" "$it.replaced"'
# What slipway.system.atomic.clear does
_CLEARED = (
    f'[ ! -d "$it" ] || [ -L "$it" ] || rmdir -- "$it" 2>/dev/null || {_KEPT} && rm -f -- "$it"'
)
# What `make_directory` does
_MADE = (
    'it=$place; until [ -d "$it" ]; do if [ -e "$it" ] || [ -L "$it" ]; '
    f'then {_KEPT} || exit 1; fi; it=$(dirname -- "$it"); done; mkdir -p -- "$place"'
)


def cleared(*drafts: str) -> list[object]:
    """
    Return the words of a command that leaves nothing at these paths; a directory is kept beside.
    """
    return ["(for it in", *map(QuoteString, drafts), f"; do {_CLEARED} || exit 1; done)"]


def made(*directories: str) -> list[object]:
    """
    Return the words of a command that has directories, also where a parent is none.
    """
    return ["(for place in", *map(QuoteString, directories), f"; do {_MADE} || exit 1; done)"]


def closed(directory: str) -> StringCommand:
    """
    Return the command that has a directory of root's alone.

    Not `install -d`: on a read-only file system that says "No such file or directory".
    """
    word = QuoteString(directory)
    return StringCommand("mkdir", "-p", "-m", "700", "--", word, "&&", "chmod", "00700", "--", word)


def make_directory(place: str) -> None:
    """
    Have a directory, with its parents: what is in the place of one is kept beside. Raises OSError.
    """
    try:
        os.makedirs(place, exist_ok=True)  # noqa: PTH103 - a link may lead there
    except OSError:
        above = [Path(place), *Path(place).parents]
        blocked = [each for each in above if os.path.lexists(each) and not each.is_dir()]
        if not blocked:
            raise
        aside.keep(blocked[-1], suffix="replaced")
        os.makedirs(place, exist_ok=True)  # noqa: PTH103 - likewise
