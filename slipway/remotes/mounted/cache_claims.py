"""
Write caches of one workspace: each is used by one rclone at a time, whatever container it is in.

The lock dies with its holder (flock(2)), also when that was another container. So what a container
that is gone for good left behind is free, and the next one that mounts the remote takes it over.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

from slipway.system import locks

MOST = 100  # containers that share one workspace


class Claim(NamedTuple):
    """
    A cache directory and the lock on it, which is held until the file is closed.
    """

    cache: Path
    lock: IO[bytes]


def take(root: Path, name: str) -> Claim:
    """
    Return a cache for a remote that nobody else uses. Raises OSError.

    + root: the directory of all caches
    + name: the remote's; `~` is in none (rclone's rule), so that a number behind one is ours
    """
    for number in range(1, MOST):
        cache = root / (name if number == 1 else f"{name}~{number}")
        cache.mkdir(mode=0o700, parents=True, exist_ok=True)
        if claim := _claimed(cache):
            return claim
    raise OSError(f"{root}: {MOST} containers use {name} already")


def left(root: Path, name: str, *, own: Path) -> Iterator[Claim]:
    """
    Yield the remote's other caches that nobody uses now, each locked until the next is asked for.
    """
    for number in range(1, MOST):
        cache = root / (name if number == 1 else f"{name}~{number}")
        if cache != own and cache.is_dir() and (claim := _claimed(cache)):
            with claim.lock:
                yield claim


def _claimed(cache: Path) -> Claim | None:
    """
    Return the claim on a directory; None while somebody else has it. Raises OSError.
    """
    taken = locks.take(cache / ".lock")
    return Claim(cache, taken) if taken else None


def unused(root: Path) -> list[Path]:
    """
    Return the caches that nobody uses now, of whatever remote; none where that can't be known.
    """
    found = root.glob("*/.lock")
    return sorted(each.parent for each in found if not locks.is_held(each, where_unknown=True))
