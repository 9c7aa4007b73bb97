"""
Two sides of a copied remote, and which version of a file goes where: pure, and no clock decides.

A file changed on a side if it is not what it was when both sides were last alike. Only where both
changed does the newer one stay in its place, and then the other is kept in the rescue folder.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from slipway.remotes.moments import SECOND, moment

SAME, PUSH, FETCH, KEEP_THEIRS = "same", "push", "fetch", "keep theirs, then push"

_BATCH_BYTES, _BATCH_FILES = 1 << 30, 1000


class Version(NamedTuple):
    """
    What tells one version of a file from another, on one side.
    """

    size: int
    time: int  # of its last change, in nanoseconds


NEVER = Version(-1, -1)  # what no file is


class Alike(NamedTuple):
    """
    What both sides had when they were last alike.

    `here` is NEVER from before an upload begins until it is known to have arrived. `there` is what
    the upload replaces, or what it was seen to leave there. It is NEVER where nothing was there, or
    where nobody has looked since.
    """

    here: Version
    there: Version


def decide(here: Version | None, there: Version | None, last: Alike | None) -> str:
    """
    Say what is to be done with one file, of which at least one side has a version.

    Nothing is deleted: what one side has deleted stays on the other, and is fetched again at the
    next start if it was deleted here. Where an upload was cut off, what is new there is a part of
    ours or somebody's edit: ours goes on, and what is there is kept.
    """
    if here is None:
        return FETCH
    changed_here = last is None or here != last.here
    if there is None:
        return PUSH if changed_here else SAME
    changed_there = last is None or there != last.there
    if not changed_there:
        return PUSH if changed_here else SAME
    is_alike = are_alike(here, there)
    if not changed_here:
        return SAME if is_alike and last and last.there == NEVER else FETCH
    is_begun = last is not None and last.here == NEVER
    if is_alike:
        return PUSH if is_begun else SAME
    return KEEP_THEIRS if is_begun or here.time >= there.time else FETCH


def are_alike(here: Version, there: Version) -> bool:
    """
    Tell whether two versions are one, as rclone does: size and time.
    """
    # Clocks that are coarser than a second are rare among file systems
    return here.size == there.size and abs(here.time - there.time) < SECOND


def batches(names: Iterable[str], there: Mapping[str, Version]) -> Iterator[list[str]]:
    """
    Split what is to be fetched, so that it comes bit by bit and a kill costs one bit.
    """
    batch: list[str] = []
    size = 0
    for name in names:
        batch.append(name)
        size += there[name].size
        if size >= _BATCH_BYTES or len(batch) == _BATCH_FILES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def listed(text: bytes) -> dict[str, Version]:
    """
    Return what `rclone lsjson -R` found. Raises ValueError.
    """
    entries = json.loads(text or b"[]")
    return {entry["Path"]: Version(entry["Size"], moment(entry["ModTime"])) for entry in entries}


def dump(last: Mapping[str, Alike]) -> bytes:
    """
    Return what `load` reads; names that are no UTF-8 are escaped.
    """
    return json.dumps({path: [*alike.here, *alike.there] for path, alike in last.items()}).encode()


def load(text: bytes) -> dict[str, Alike]:
    """
    Return what `dump` wrote; {} for anything else, which costs no file: all of them are compared.
    """
    try:
        return {
            path: Alike(Version(*map(int, numbers[:2])), Version(*map(int, numbers[2:])))
            for path, numbers in json.loads(text).items()
        }
    except (ValueError, TypeError, AttributeError):
        return {}
