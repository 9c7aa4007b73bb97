"""
rclone's remote control (https://rclone.org/rc/), over the unix socket of one mount.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from slipway.system import unix_http

_NOW = -1_000_000_000  # seconds relative to now: due for as long as there are computers
_PAUSE = 0.05  # seconds between two looks at the queue: rclone tells of no change by itself


class RefusedError(OSError):
    """
    rclone answered that it can't do what was asked.
    """


def call(path: Path, command: str, *, timeout: float = 2.0, **parameters: Any) -> dict[str, Any]:
    """
    Run a command of the remote control. Raises OSError, for rclone's own errors RefusedError.
    """
    body = json.dumps(parameters).encode()
    status, answer = unix_http.post(
        path, f"/{command}", body, kind="application/json", timeout=timeout
    )
    try:
        document = json.loads(answer)
    except ValueError:
        document = {}
    if status != 200:  # noqa: PLR2004 - OK
        raise RefusedError(f"rclone: {command}: {document.get('error', status)}")
    return document if isinstance(document, dict) else {}


def pending(path: Path, *, timeout: float = 2.0) -> int:
    """
    Return how many files wait for their upload, or are being uploaded. Raises OSError.
    """
    return waiting(call(path, "vfs/stats", timeout=timeout))


def pending_of_all(paths: Iterable[Path], *, seconds: float) -> dict[Path, int]:
    """
    Return the same for several mounts, asked at the same time; who does not tell it is left out.

    + seconds: for all of them together
    """
    found = {}
    answers = unix_http.post_to_all(
        paths, "/vfs/stats", b"{}", kind="application/json", seconds=seconds
    )
    for path, (status, answer) in answers.items():
        with contextlib.suppress(ValueError, TypeError, AttributeError):  # no statistics
            if status == 200:  # noqa: PLR2004 - OK
                found[path] = waiting(json.loads(answer))
    return found


def waiting(statistics: dict[str, Any]) -> int:
    """
    Return how many files wait, of an answer to `vfs/stats`.
    """
    disk = statistics.get("diskCache") or {}
    return int(disk.get("uploadsInProgress", 0)) + int(disk.get("uploadsQueued", 0))


def queue(path: Path, *, timeout: float = 2.0) -> list[dict[str, Any]]:
    """
    Return what waits or is being uploaded, by name. Raises OSError.
    """
    return call(path, "vfs/queue", timeout=timeout).get("queue") or []


def hurry(path: Path, *, seconds: float) -> None:
    """
    Have what waits uploaded now instead of after the write-back delay. Raises OSError.

    + seconds: how long this may take; what it does not come to keeps its delay
    """
    deadline = time.monotonic() + seconds
    for item in queue(path, timeout=_patience(deadline)):
        if item.get("uploading") or item.get("expiry", 1) <= 0:
            continue
        if time.monotonic() > deadline:
            return
        expiry = {"id": item["id"], "expiry": _NOW}
        with contextlib.suppress(RefusedError):  # uploaded meanwhile
            call(path, "vfs/queue-set-expiry", timeout=_patience(deadline), **expiry)


def drain(path: Path, *, seconds: float, is_under_way: Callable[[], bool] = lambda: False) -> int:
    """
    Have everything uploaded; returns what is left. Raises OSError where rclone does not answer.

    One that answers, and then is too busy to, leaves what it said last.

    + seconds: how long to wait for it at most
    + is_under_way: looks at what is uploaded; tells whether there is more to be done
    """
    deadline = time.monotonic() + seconds
    left = pending(path, timeout=_patience(deadline))
    while (is_under_way() or left) and time.monotonic() <= deadline:
        with contextlib.suppress(TimeoutError):
            hurry(path, seconds=deadline - time.monotonic())
            time.sleep(_PAUSE)
            left = pending(path, timeout=_patience(deadline))
    return left


def _patience(deadline: float) -> float:
    return min(2.0, max(_PAUSE, deadline - time.monotonic()))
