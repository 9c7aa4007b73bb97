"""
What a remote's program says in its log, which is part of `docker logs`.
"""

from __future__ import annotations

import sys


def say(message: str) -> None:
    """
    Write one line.
    """
    print(f"slipway: {message}", file=sys.stderr, flush=True)


class Once:
    """
    What is said of a file once, however often it is seen.
    """

    def __init__(self) -> None:
        self._said: set[str] = set()

    def say(self, path: str, message: str) -> None:
        """
        Write one line, unless something was said of this path.
        """
        if path not in self._said:
            self._said.add(path)
            say(f"{path} {message}")
