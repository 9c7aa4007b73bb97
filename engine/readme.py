"""
The README's tables that repeat the code: its variables and its services.

    .venv/bin/python -m engine.readme [--check]
"""

from __future__ import annotations

import sys
from itertools import takewhile
from typing import TYPE_CHECKING

from engine import marked
from engine.commands import Failure
from slipway.contract import paths
from slipway.settings import variables
from slipway.system import markdown

if TYPE_CHECKING:
    from pathlib import Path

SERVICES = "etc/supervisor/conf.d"
OURS = "Slipway's. "  # what the file of a program of ours begins with
# These have no file in files/: slipway/operations/remotes.py writes one for each remote.
REMOTES = (
    "`remote-NAME`",
    "One for each rclone remote: mounts it at `/workspace/remote/NAME`, or copies it there.",
)


def parts() -> dict[str, str]:
    """
    Return what stands between the README's marks. Raises Failure.
    """
    return {"variables": variables.as_table(), "services": services(paths.FILES / SERVICES)}


def services(folder: Path) -> str:
    """
    Return a table of the programs in a folder, each with the words at the head of its file.

    Raises Failure.
    """
    rows = [(f"`{file.stem}`", _meaning(file)) for file in sorted(folder.glob("*.conf"))]
    return markdown.table(("Service", "What it does"), [*rows, REMOTES])


def _meaning(file: Path) -> str:
    lines = file.read_text().splitlines()
    words = " ".join(line.lstrip("; ") for line in takewhile(lambda line: line[:1] == ";", lines))
    if not words.startswith(OURS) or words == OURS:
        raise Failure(
            f"files/{SERVICES}/{file.name} has to begin with `; {OURS}` and what the service does"
        )
    return words[len(OURS) :]


if __name__ == "__main__":
    sys.exit(marked.main(sys.argv[1:], "README.md", parts))
