"""
Files to read from, and what was refused of them.
"""

from __future__ import annotations

from collections.abc import Callable

from slipway.settings.load import Loaded


def files(content: dict[str, bytes]) -> Callable[[str], bytes]:
    """
    Return a `read` for these files and no others.
    """

    def read(path: str) -> bytes:
        if path not in content:
            raise FileNotFoundError(2, "No such file or directory", path)
        return content[path]

    return read


def refused(loaded: Loaded) -> list[str]:
    """
    Return which variables were refused.
    """
    return [refusal.variable for refusal in loaded.refusals]
