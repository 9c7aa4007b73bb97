"""
What waits for its upload, followed from the moment it waits until the remote has it for sure.
"""

from __future__ import annotations

import contextlib
import math
import time
from pathlib import Path
from typing import Any

from slipway.remotes import rc
from slipway.remotes.log import say
from slipway.remotes.mounted.crossed_uploads import CrossedUploads
from slipway.remotes.mounted.queued import Queued

HELD = ".held"  # in a cache: content that the remote may lack, and that rclone would drop
_SOON = 2.0  # seconds until the next look, at most


class Following:
    """
    The uploads of one rclone.

    + name: the remote's
    + socket: of rclone's remote control
    + cache: the cache directory
    """

    def __init__(self, name: str, socket: Path, cache: Path) -> None:
        self.name = name
        self.socket = socket
        self.cache = cache
        self.places: tuple[Path, Path] | None = None  # of rclone's content and metadata
        self.crossed = CrossedUploads(held=cache / HELD, say=lambda what: say(f"{name}: {what}"))
        self.queued = Queued(cache)
        self.is_quiet = False  # nothing waited, nor was doubtful, at the last look

    def step(self, *, soon: float = _SOON) -> None:
        """
        Look what waits, and put right what a rename has crossed.

        A remote that does not answer is asked again the next time.
        """
        with contextlib.suppress(OSError):
            self._step(soon)

    def _step(self, soon: float) -> None:
        pending, root, metadata = self._statistics()
        if not pending and not self.crossed.files:
            self._note(root)
            self.is_quiet = True
            return
        queue = rc.queue(self.socket)
        self.crossed.look(queue, root=root, now=time.monotonic(), soon=soon)
        self._note(root)
        pending, _, _ = self._statistics()
        self.is_quiet = not pending and not self.crossed.doubtful
        if pending <= len(queue):  # else one is uploaded again, unnamed, after a rename
            self.crossed.settle(self._ask, name=self.name, root=root, metadata=metadata)

    def _note(self, root: Path) -> None:
        if root.is_absolute():
            self.queued.note(self.crossed.waiting, root)

    def is_under_way(self) -> bool:
        """
        Look while everything is uploaded; tells whether something may not be in its place.
        """
        was_quiet = self.is_quiet
        self.is_quiet = False
        self.step(soon=math.inf)
        return not (was_quiet and self.is_quiet)  # a rename may just have ended

    def end(self) -> None:
        """
        Keep what is doubtful still, now that rclone has ended.
        """
        if self.places:
            root, metadata = self.places
            try:
                self.crossed.hold_doubtful(root=root, metadata=metadata)
            except OSError as error:
                say(f"{self.name}: {error.filename}: {error.strerror}: an upload is doubtful")

    def _statistics(self) -> tuple[int, Path, Path]:
        """
        Return how much waits, and where rclone has its content and its metadata. Raises OSError.
        """
        told = rc.call(self.socket, "vfs/stats")
        disk = told.get("diskCache") or {}
        root, metadata = Path(disk.get("path", "")), Path(disk.get("pathMeta", ""))
        if root.is_absolute():
            self.places = root, metadata
            directory = root.relative_to(self.cache / "vfs").parts[1:]
            self.crossed.held = Path(self.cache, HELD, *directory)
        return rc.waiting(told), root, metadata

    def _ask(self, command: str, **parameters: Any) -> dict[str, Any]:
        return rc.call(self.socket, command, timeout=10.0, **parameters)
