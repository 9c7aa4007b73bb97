"""
What `slipway check -v` says more of an operation: how files would differ, and the commands.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from pyinfra.api import FileUploadCommand

from slipway.operations.foresight import Change

INDENT = "    "  # what a line of `-v` begins with; others say what would change


def shown(changes: Sequence[Change], commands: Iterable[Any]) -> list[str]:
    """
    Return the lines. The content of a file is in them only as the difference of a public one.
    """
    lines = [line for change in changes for line in change.difference]
    for command in commands:
        words = (
            f"write {command.dest}" if isinstance(command, FileUploadCommand) else f"$ {command}"
        )
        lines += words.splitlines()
    return [INDENT + line for line in lines]
