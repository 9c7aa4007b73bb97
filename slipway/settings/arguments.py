"""
`NAME=value` arguments after the image's name, for clouds that can't set environment variables.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

# The word of the main process's command line that ours come after: its module, or its name
_ENTRYPOINT = r"slipway\.commands\.entrypoint|([\w./-]*/)?slipway-init"
_ARGUMENT = r"(?s)([A-Za-z_][A-Za-z0-9_.-]*)=(.*)"


def split_arguments(words: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """
    Split the words after the image's name into variables and the container's command.

    Only leading words of the form NAME=value are variables; the first `=` ends the name.
    """
    given: dict[str, str] = {}
    for number, word in enumerate(words):
        match = re.fullmatch(_ARGUMENT, word)
        if match is None:
            return given, list(words[number:])
        given[match[1]] = match[2]
    return given, []


def given_arguments(command_line: bytes) -> dict[str, str]:
    """
    Return the variables in a command line (proc(5)); none where it is not our entrypoint's.
    """
    words = [os.fsdecode(word) for word in command_line.split(b"\0")]
    for number, word in enumerate(words):
        if _names_entrypoint(word):
            return split_arguments(words[number + 1 :])[0]
    return {}


def is_entrypoint(command_line: bytes) -> bool:
    """
    Tell whether a command line is our entrypoint's.
    """
    return any(_names_entrypoint(os.fsdecode(word)) for word in command_line.split(b"\0"))


def _names_entrypoint(word: str) -> bool:
    return re.fullmatch(_ENTRYPOINT, word) is not None
