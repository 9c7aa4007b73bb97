"""
What is known of a copied remote: which place it is, and what both sides had when they were alike.

It lies in the workspace, where the files are, so that another container goes on with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import IO

from slipway.remotes.copied import versions
from slipway.remotes.copied.versions import Alike, Version
from slipway.system import atomic, files, locks


class Memory:
    """
    The memory of one remote.
    """

    def __init__(self, place: Path) -> None:
        self.place = place
        self.last: dict[str, Alike] = {}
        self._written = b""  # of it, on the disk

    def claim(self) -> IO[bytes] | None:
        """
        Return the lock on it; None while another container has it. Raises OSError.
        """
        self.place.mkdir(mode=0o700, parents=True, exist_ok=True)
        return locks.take(self.place / ".lock")

    def complaint(self, source: str, directory: Path) -> str:
        """
        Say why a directory is none of this source's; "" where it is. Raises OSError.

        What was alike with another remote, or another path of it, says nothing of this one.

        + source: the remote's name in the first line, and which place it is
        """
        file = self.place / "source"
        known = (files.content(file) or b"").decode(errors="replace")
        if known and known != source:
            if any(directory.iterdir()):
                return (
                    f"is not the place that {directory} was copied from, which was "
                    f"{known.splitlines()[0]}: move that directory away (or, if it is the same "
                    f"place after all, remove {file})"
                )
            (self.place / "last").unlink(missing_ok=True)
        if known != source:
            atomic.write(file, source.encode())
        return ""

    def load(self) -> None:
        """
        Read it. Raises OSError.
        """
        self._written = files.content(self.place / "last") or b""
        self.last = versions.load(self._written)

    def save(self) -> None:
        """
        Write it, if it has changed. Raises OSError.
        """
        text = versions.dump(self.last)
        if text != self._written:
            atomic.write(self.place / "last", text)
            self._written = text

    def changed(self, here: Mapping[str, Version]) -> list[str]:
        """
        Return what changed here since both sides were alike, whatever the clock says now.
        """
        return [
            path
            for path, version in here.items()
            if path not in self.last or self.last[path].here != version
        ]
