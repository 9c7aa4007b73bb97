"""
`NAME=value` arguments after the image's name, for clouds that can't set environment variables.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

_ENTRYPOINT = "slipway.commands.entrypoint"  # the word of PID 1's command line that ours come after
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
    if _ENTRYPOINT not in words:
        return {}
    return split_arguments(words[words.index(_ENTRYPOINT) + 1 :])[0]
