"""
The write cache of a mount, put in order before rclone reads it.

rclone keeps a file's content in `vfs/FOLDER/PATH`, sparse, and what it knows of it in
`vfsMeta/FOLDER/PATH`, as JSON: `Size`, `Rs` (the ranges that are there), `Dirty` (not uploaded
yet). The metadata is rewritten in place and late, so a SIGKILL leaves files whose metadata is
empty, or says that there is nothing, or that a few bytes of an edit are all. rclone then deletes
them, waits for them for ever, or uploads a mixture of old and new bytes over the good copy.
Measured with rclone 1.60.1 and 1.75.2; see also https://github.com/rclone/rclone/issues/7309.

What is provably whole is completed, what is not is set aside where its owner finds it, and what is
sound is not touched.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NamedTuple

from slipway import atomic

KEEP, COMPLETE, RESCUE, DROP = "keep", "complete", "rescue", "drop"

_HASH = re.compile(r"\{[^{}/]*\}$")
_KNOWN = {"ModTime", "ATime", "Size", "Rs", "Fingerprint", "Dirty"}

# FOLDER and PATH -> whether the remote has the file; None where nobody can say
RemoteHas = Callable[[str, str], "bool | None"]


class Decision(NamedTuple):
    """
    What is done with one cached file, and why.
    """

    folder: str  # below vfs: the remote's name, with a hash where it is made of variables
    path: str
    action: str
    reason: str


class Item(NamedTuple):
    """
    One cached file as it lies there.
    """

    folder: str
    path: str
    size: int | None  # of the content in bytes; None where there is none
    metadata: bytes | None


def decide(item: Item, remote_has: RemoteHas) -> Decision:  # noqa: PLR0911 - one for each case
    """
    Say what is to be done with a cached file; pure but for asking the remote.
    """

    def so(action: str, reason: str) -> Decision:
        return Decision(item.folder, item.path, action, reason)

    known = _parsed(item.metadata)
    if item.size is None:
        return so(DROP, "has no content")
    if known is None:
        return _without_metadata(item, remote_has, so)
    ranges = [(part["Pos"], part["Size"]) for part in known["Rs"] or []]
    if not known["Dirty"]:
        return so(KEEP, "is a copy of what the remote has")
    if not ranges and known["Size"] == 0:
        if item.size == 0:
            return so(KEEP, "is empty")
        return so(COMPLETE, "was written here as a whole")
    if _covers(ranges, known["Size"]) and item.size >= known["Size"]:
        return so(KEEP, "is whole")
    return so(RESCUE, "was being changed: only parts of it are here")


def _without_metadata(
    item: Item, remote_has: RemoteHas, so: Callable[[str, str], Decision]
) -> Decision:
    if item.size == 0:
        return so(DROP, "is empty and nothing is known of it")
    has = remote_has(item.folder, item.path)
    if has is False:
        return so(COMPLETE, "is new: the remote has no such file")
    if has is None:
        return so(RESCUE, "may be new or changed, and the remote does not answer")
    return so(RESCUE, "may be changed, and the remote has such a file")


def repair(cache: Path, *, rescued: Path, remote_has: RemoteHas) -> list[Decision]:
    """
    Put a cache in order; returns what was done but for what was kept. Raises OSError.

    Killed at any moment, the next repair goes on: each step leaves a state that it knows.

    + cache: rclone's --cache-dir, of one remote and used by nobody now
    + rescued: where files are set aside
    """
    done = []
    for item in items(cache):
        decision = decide(item, remote_has)
        if decision.action == KEEP:
            continue
        content = cache / "vfs" / item.folder / item.path
        metadata = cache / "vfsMeta" / item.folder / item.path
        if decision.action == COMPLETE:
            _complete(content, metadata)
        elif decision.action == RESCUE:
            _set_aside(content, rescued / item.path)
            metadata.unlink(missing_ok=True)
        else:
            metadata.unlink(missing_ok=True)
            content.unlink(missing_ok=True)
        done.append(decision)
    return done


def adopt(cache: Path, *, current: str, rescued: Path) -> list[Decision]:
    """
    Move pending files of the remote's earlier configurations to where rclone looks for them now.

    A remote made of variables has a folder with a hash of its options, so that a renewed token
    strands what waits. Call it after `repair`. Raises OSError.

    + current: the folder's present name
    """
    done = []
    for item in items(cache):
        if item.folder == current or _bare(item.folder) != _bare(current):
            continue
        known = _parsed(item.metadata)
        if known is None or not known["Dirty"] or item.size is None:
            continue
        contents, metadata = cache / "vfs", cache / "vfsMeta"
        there = _parsed(_read(metadata / current / item.path))
        if there is not None and there["Dirty"]:
            _set_aside(contents / item.folder / item.path, rescued / item.path)
            (metadata / item.folder / item.path).unlink(missing_ok=True)
            reason = "waits in two versions; this is the older configuration's"
            done.append(Decision(item.folder, item.path, RESCUE, reason))
            continue
        for top in (contents, metadata):  # content first: metadata alone would be dropped
            target = top / current / item.path
            target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            (top / item.folder / item.path).rename(target)
        done.append(Decision(current, item.path, COMPLETE, "waited in an earlier configuration"))
    return done


def folders(cache: Path) -> set[str]:
    """
    Return the folders of a cache.
    """
    return {entry.name for top in ("vfs", "vfsMeta") for entry in _directories(cache / top)}


def items(cache: Path) -> Iterator[Item]:
    """
    Walk over a cache's files, those with content and those with metadata only.
    """
    for folder in sorted(folders(cache)):
        contents, metadata = cache / "vfs" / folder, cache / "vfsMeta" / folder
        sizes = dict(_files(contents))
        for path in sorted(sizes.keys() | dict(_files(metadata)).keys()):
            yield Item(folder, path, sizes.get(path), _read(metadata / path))


def _files(root: Path) -> Iterator[tuple[str, int]]:
    prefix = len(f"{root}/")
    pending = [str(root)]
    while pending:
        try:
            entries = list(os.scandir(pending.pop()))
        except (FileNotFoundError, NotADirectoryError):
            continue
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                pending.append(entry.path)
            elif not entry.name.endswith(".slipway"):
                yield entry.path[prefix:], entry.stat(follow_symlinks=False).st_size


def _directories(root: Path) -> list[os.DirEntry[str]]:
    try:
        return [entry for entry in os.scandir(root) if entry.is_dir(follow_symlinks=False)]
    except FileNotFoundError:
        return []


def _parsed(metadata: bytes | None) -> dict[str, Any] | None:
    """
    Return what rclone wrote; None for anything that is not exactly the form we know.
    """
    try:
        known = json.loads(metadata or b"")
        is_known = set(known) == _KNOWN and all(
            isinstance(part["Pos"], int) and isinstance(part["Size"], int)
            for part in known["Rs"] or []
        )
    except (ValueError, TypeError, KeyError):
        return None
    typed = is_known and isinstance(known["Size"], int) and isinstance(known["Dirty"], bool)
    return known if typed else None


def _covers(ranges: list[tuple[int, int]], size: int) -> bool:
    end = 0
    for position, length in sorted(ranges):
        if position > end:
            return False
        end = max(end, position + length)
    return end >= size


def _complete(content: Path, metadata: Path) -> None:
    status = content.stat()
    known = _parsed(_read(metadata)) or {"Fingerprint": ""}
    now = datetime.fromtimestamp(status.st_mtime, timezone.utc).isoformat()
    whole = {
        "ModTime": known.get("ModTime", now),
        "ATime": known.get("ATime", now),
        "Size": status.st_size,
        "Rs": [{"Pos": 0, "Size": status.st_size}],
        "Fingerprint": known["Fingerprint"],
        "Dirty": True,
    }
    metadata.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    atomic.write(metadata, json.dumps(whole).encode())


def _set_aside(content: Path, target: Path) -> None:
    """
    Move a file to a name that is free: an earlier rescue is not overwritten.
    """
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    free, number = target, 1
    while free.exists():
        number += 1
        free = target.with_name(f"{target.name}~{number}")
    shutil.move(content, free)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _bare(folder: str) -> str:
    return _HASH.sub("", folder)
