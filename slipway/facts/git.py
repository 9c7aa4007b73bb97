"""
git, as it is installed.
"""

from __future__ import annotations

import re

from pyinfra.api import FactBase


class GitVersion(FactBase["tuple[int, ...]"]):
    """
    Returns git's version, () where there is none.
    """

    default = tuple

    def command(self) -> str:
        """Ask it."""
        return "git --version 2>/dev/null || true"

    def process(self, output: list[str]) -> tuple[int, ...]:
        """Take the first two numbers."""
        found = re.search(r"(\d+)\.(\d+)", output[0])
        return (int(found[1]), int(found[2])) if found else ()
