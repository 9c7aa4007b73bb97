"""
The write cache of a mount, put in order before rclone reads it.

rclone keeps a file's content in `vfs/FOLDER/PATH`, sparse, and what it knows of it in
`vfsMeta/FOLDER/PATH`, as JSON: `Size`, `Rs` (the ranges that are there), `Dirty` (not uploaded
yet). The metadata is rewritten in place and late, so a SIGKILL leaves files whose metadata is
empty, or says that there is nothing, or that a few bytes of an edit are all. rclone then deletes
them, waits for them for ever, or uploads a mixture of old and new bytes over the good copy.
Measured with rclone 1.60.1 and 1.75.2; see also https://github.com/rclone/rclone/issues/7309.

What is provably whole is completed, what is not is set aside where its owner finds it, and what is
sound is not touched. Killed at any moment, a repair leaves a state that the next one goes on from.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, NamedTuple

from slipway import rescue

KEEP, COMPLETE, RESCUE, DROP = "keep", "complete", "rescue", "drop"
NOBODY = (-1, -1)  # chown(2): the owner stays

_TOPS = ("vfs", "vfsMeta")
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
    if not _covers(ranges, known["Size"]):
        return so(RESCUE, "was being changed: only parts of it are here")
    if item.size == known["Size"]:
        return so(KEEP, "is whole")
    # The metadata is of an earlier moment, when it was whole: all that came since came from here.
    if item.size > known["Size"]:
        return so(COMPLETE, "was written here as a whole" if known["Size"] == 0 else "grew here")
    # Cut here, or by a machine that lost its power: not worth the remote's copy.
    if remote_has(item.folder, item.path) is False:
        return so(COMPLETE, "is new and was cut here")
    return so(RESCUE, "is shorter than it was")


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


def repair(
    cache: Path, *, rescued: Path, remote_has: RemoteHas, owner: tuple[int, int] = NOBODY
) -> list[Decision]:
    """
    Put a cache in order; returns what was done but for what was kept. Raises OSError.

    + cache: rclone's --cache-dir, of one remote and used by nobody now
    + rescued: where files are set aside
    + owner: uid and gid of what is set aside
    """
    decided = [(item, decide(item, remote_has)) for item in items(cache)]
    done = [(item, decision) for item, decision in decided if decision.action != KEEP]
    done.sort(key=lambda entry: entry[1].action != DROP)  # what is dropped may be in another's way
    for item, decision in done:
        content = cache / "vfs" / item.folder / item.path
        metadata = cache / "vfsMeta" / item.folder / item.path
        if decision.action == COMPLETE:
            _complete(cache, content, metadata)
        elif decision.action == RESCUE:
            rescue.set_aside(content, rescued, item.path, owner=owner)
            _unlink(metadata)
        else:
            _unlink(metadata)
            if item.size is not None:
                content.unlink()
    return [decision for _, decision in done]


def waiting(cache: Path) -> set[str]:
    """
    Return the folders with files that are not uploaded yet; call it after `repair`.
    """
    return {item.folder for item in items(cache) if _is_pending(item)}


def adopt(
    source: Path, target: Path, *, current: str, rescued: Path, owner: tuple[int, int] = NOBODY
) -> list[Decision]:
    """
    Move pending files to where rclone looks for them now. Raises OSError.

    A remote made of variables has a folder with a hash of its options, so that a renewed token
    strands what waits; a container that is gone leaves a cache of its own. Call it after `repair`
    of both. The metadata is there before the content: metadata alone is dropped, content alone
    would be doubtful.

    + source, target: caches, of which source may be target
    + current: the folder's present name
    """
    done = []
    for item in items(source):
        is_there = (source, item.folder) == (target, current)
        if is_there or _bare(item.folder) != _bare(current) or not _is_pending(item):
            continue
        content = source / "vfs" / item.folder / item.path
        metadata = source / "vfsMeta" / item.folder / item.path
        new_content, new_metadata = (target / top / current / item.path for top in _TOPS)
        there = _parsed(_read(new_metadata))
        reason = "waited in a cache that is used no more"
        if there is not None and there["Dirty"]:
            is_free, reason = False, "waits in two versions; this is the other cache's"
        else:
            is_free = _make_room(new_content, new_metadata)
        if is_free:
            _write(target, new_metadata, item.metadata or b"")
            content.rename(new_content)
        else:
            rescue.set_aside(content, rescued, item.path, owner=owner)
        _unlink(metadata)
        done.append(Decision(current, item.path, COMPLETE if is_free else RESCUE, reason))
    return done


def folders(cache: Path) -> set[str]:
    """
    Return the folders of a cache.
    """
    return {entry.name for top in _TOPS for entry in _directories(cache / top)}


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
            elif entry.is_file(follow_symlinks=False):  # rclone makes no others
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


def _is_pending(item: Item) -> bool:
    known = _parsed(item.metadata)
    return item.size is not None and known is not None and known["Dirty"]


def _complete(cache: Path, content: Path, metadata: Path) -> None:
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
    if metadata.is_dir():  # of files that were in a directory of this name: without content
        shutil.rmtree(metadata)
    metadata.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write(cache, metadata, json.dumps(whole).encode())


def _make_room(content: Path, metadata: Path) -> bool:
    """
    Take away a copy of what the remote has; tells whether files can be there now.
    """
    try:
        for path in (content, metadata):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        return False  # a file where the other version has a directory, or the reverse
    return True


def _write(cache: Path, path: Path, content: bytes) -> None:
    """
    Replace a file whole; the draft lies outside of the trees, in which any name is a user's.
    """
    draft = cache / ".draft"
    with draft.open("wb") as stream:
        os.fchmod(stream.fileno(), 0o600)
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
    draft.rename(path)


def _unlink(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError, NotADirectoryError, IsADirectoryError):
        path.unlink()


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _bare(folder: str) -> str:
    return _HASH.sub("", folder)
