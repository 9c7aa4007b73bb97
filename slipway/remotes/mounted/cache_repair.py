"""
The write cache of a mount, put in order before rclone reads it.

rclone rewrites a file's metadata in place and late, so a SIGKILL leaves files whose metadata is
empty, or says that there is nothing, or that a few bytes of an edit are all. rclone then deletes
them, waits for them for ever, or uploads a mixture of old and new bytes over the good copy. It also
renames or cuts a file's content before it writes that down: killed in between, new content looks
like a copy of what the remote has. A further edit in a file that waits already is written down at
its end only: killed within it, the file looks whole.
Measured with rclone 1.60.1 and 1.75.2; see also https://github.com/rclone/rclone/issues/7309.

What is provably whole is completed, what is not is set aside where its owner finds it, and what is
sound is not touched. Metadata of any other form than theirs proves nothing: a newer rclone may mean
something else by it. Killed at any moment, a repair leaves a state that the next one goes on from.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from slipway.remotes import rescue
from slipway.remotes.mounted import cache_files, queued
from slipway.remotes.mounted.cache_files import Item
from slipway.system import files

KEEP, COMPLETE, RESCUE, DROP = "keep", "complete", "rescue", "drop"
NOBODY = (-1, -1)  # chown(2): the owner stays

_HASH = r"\{[^{}/]*\}$"

# FOLDER and PATH -> whether the remote has the file; None where nobody can say
RemoteHas = Callable[[str, str], "bool | None"]


class Decision(NamedTuple):
    """
    What is done with one cached file, and why.
    """

    folder: str  # below vfs, as the item's
    path: str
    action: str
    reason: str


class Repaired(NamedTuple):
    """
    A cache that is in order.
    """

    cache: Path
    done: list[Decision]  # but for what was kept
    waiting: list[Item]  # not uploaded yet


def decide(item: Item, remote_has: RemoteHas) -> Decision:  # noqa: PLR0911 - one for each case
    """
    Say what is to be done with a cached file; pure but for asking the remote.
    """

    def so(action: str, reason: str) -> Decision:
        return Decision(item.folder, item.path, action, reason)

    known = cache_files.parsed(item.metadata)
    if item.size is None:
        return so(DROP, "has no content")
    if known is None:
        return _without_metadata(item, remote_has, so)
    ranges = [(part["Pos"], part["Size"]) for part in known["Rs"] or []]
    if not known["Dirty"]:
        # rclone gives the content of a copy its full size before it fills in what is read.
        if item.size == known["Size"]:
            return so(KEEP, "is a copy of what the remote has")
        return so(RESCUE, "was being changed: it has not the size of the remote's copy")
    if not cache_files.covers(ranges, known["Size"]):
        return so(RESCUE, "was being changed: only parts of it are here")
    if item.size == known["Size"] > 0:
        if item.is_closed or remote_has(item.folder, item.path) is False:
            return so(KEEP, "is whole")
        return so(RESCUE, "was being changed: nothing says that it was closed")
    # It grew, was cut, or was to be written anew: nothing says that it was closed as it is. A new
    # file is worth having all the same; a remote's good copy is not replaced by it.
    if _is_new_and_empty(item, known) or remote_has(item.folder, item.path) is False:
        return _of_a_new_file(item, known["Size"], so)
    is_shorter = item.size < known["Size"]
    reason = "is shorter than it was" if is_shorter else "was being written, perhaps not to its end"
    return so(RESCUE, reason)


def _is_new_and_empty(item: Item, known: dict[str, Any]) -> bool:
    """Tell whether a file was made here; what the remote has of it is then its own upload."""
    return item.size == known["Size"] == 0 and item.is_closed and not known["Fingerprint"]


def _of_a_new_file(item: Item, size: int, so: Callable[[str, str], Decision]) -> Decision:
    """
    Decide on a pending file that the remote does not have.

    + size: as the metadata of an earlier moment has it, when it was whole
    """
    if item.size == size:
        return so(KEEP, "is empty, and new")
    if (item.size or 0) > size:
        return so(COMPLETE, "was written here as a whole" if size == 0 else "grew here")
    return so(COMPLETE, "is new and was cut here")


def _without_metadata(
    item: Item, remote_has: RemoteHas, so: Callable[[str, str], Decision]
) -> Decision:
    if cache_files.is_of_another_form(item.metadata):
        return so(RESCUE, "has metadata of a form that is not known")
    has = remote_has(item.folder, item.path)
    if has is None:
        return so(RESCUE, "may be new or changed, and the remote can't be asked")
    if has:
        if item.size == 0:  # as rclone leaves it before it reads the first byte
            return so(DROP, "is empty, and the remote has such a file")
        return so(RESCUE, "may be changed, and the remote has such a file")
    # It may also be a copy, read in part, of a file that the remote has no more.
    if item.has_holes:
        return so(RESCUE, "has parts that nobody has written or read")
    return so(COMPLETE, "is new: the remote has no such file")


def repair(
    cache: Path, *, rescued: Path, remote_has: RemoteHas, owner: tuple[int, int] = NOBODY
) -> Repaired:
    """
    Put a cache in order. Raises OSError.

    + cache: rclone's --cache-dir, of one remote and used by nobody now
    + rescued: where files are set aside
    + owner: uid and gid of what is set aside
    """
    waiting, done, waited = [], [], queued.read(cache)
    for item in cache_files.items(cache):
        decision = decide(item, remote_has)
        is_copy = decision.action == KEEP and not _is_dirty(item.metadata)
        if is_copy and queued.is_found(item, cache, waited):
            queued.renew(cache / "vfs" / item.folder / item.path)
            decision = decision._replace(action=COMPLETE, reason="waited, and looked like a copy")
        if decision.action != KEEP:
            done.append((item, decision))
        elif _is_dirty(item.metadata):
            waiting.append(item)
    done.sort(key=lambda entry: entry[1].action != DROP)  # what is dropped may be in another's way
    for item, decision in done:
        content = cache / "vfs" / item.folder / item.path
        metadata = cache / "vfsMeta" / item.folder / item.path
        if decision.action == COMPLETE:
            waiting.append(item._replace(metadata=_complete(cache, content, metadata)))
        elif decision.action == RESCUE:
            rescue.set_aside(content, rescued, item.path, owner=owner)
            _unlink(metadata)
        else:
            _unlink(metadata)
            if item.size is not None:
                content.unlink()
    return Repaired(cache, [decision for _, decision in done], waiting)


def is_at_home(repaired: Repaired, target: Path, home: tuple[str, str]) -> bool:
    """
    Tell whether all that waits is where rclone looks for it now; as for `adopt`.
    """
    return all(_is_at_home(repaired.cache, item, target, home) for item in repaired.waiting)


def adopt(
    repaired: Repaired,
    target: Path,
    *,
    home: tuple[str, str],
    rescued: Path,
    owner: tuple[int, int] = NOBODY,
) -> list[Decision]:
    """
    Move pending files to where rclone looks for them now. Raises OSError.

    A remote made of variables has a folder with a hash of its options, so that a renewed token
    strands what waits; a container that is gone leaves a cache of its own. What was written for
    another place, which the remote's configuration named then, is set aside: the present one has
    files of its own there. The metadata is there before the content: metadata alone is dropped,
    content alone would be doubtful.

    + target: the cache that rclone uses now, repaired, too
    + home: the folder's present name, and the directory in it that the remote shows
    """
    source, done = repaired.cache, []
    folder, root = home
    for item in repaired.waiting:
        if _is_at_home(source, item, target, home):
            continue
        content = source / "vfs" / item.folder / item.path
        metadata = source / "vfsMeta" / item.folder / item.path
        new_content, new_metadata = (target / top / folder / item.path for top in cache_files.TOPS)
        is_free, reason = False, "waited in a cache that is used no more"
        if bare(item.folder) != bare(folder) or not _is_below(item.path, root):
            reason = f"was written when the remote was another place ({item.folder}:)"
        elif _is_dirty(files.readable(new_metadata)):
            reason = "waits in two versions; this is the other cache's"
        else:
            is_free = _make_room(new_content, new_metadata)
        if is_free:
            _write(target, new_metadata, item.metadata or b"")
            content.rename(new_content)
        else:
            rescue.set_aside(content, rescued, item.path, owner=owner)
        _unlink(metadata)
        done.append(Decision(folder, item.path, COMPLETE if is_free else RESCUE, reason))
    return done


def _is_dirty(metadata: bytes | None) -> bool:
    known = cache_files.parsed(metadata)
    return known is not None and bool(known["Dirty"])


def _is_at_home(source: Path, item: Item, target: Path, home: tuple[str, str]) -> bool:
    folder, root = home
    return (source, item.folder) == (target, folder) and _is_below(item.path, root)


def _is_below(path: str, root: str) -> bool:
    return not root or path.startswith(f"{root}/")


def _complete(cache: Path, content: Path, metadata: Path) -> bytes:
    """
    Have rclone find a file whole and upload it; returns its metadata.
    """
    status = content.stat()
    known = cache_files.parsed(files.readable(metadata)) or {"Fingerprint": ""}
    closed = cache_files.time_of(status.st_mtime_ns)  # it is closed as it is from now on
    whole = {
        "ModTime": closed,
        "ATime": known.get("ATime", closed),
        "Size": status.st_size,
        "Rs": [{"Pos": 0, "Size": status.st_size}] if status.st_size else None,
        "Fingerprint": known["Fingerprint"],
        "Dirty": True,
    }
    if metadata.is_dir():  # of files in a directory of this name, without content
        shutil.rmtree(metadata)
    metadata.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    written = json.dumps(whole).encode()
    _write(cache, metadata, written)
    return written


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


def bare(folder: str) -> str:
    """
    Return a folder's name without the hash of a remote that variables make.
    """
    return re.sub(_HASH, "", folder)
