"""
Files that were renamed while they were uploaded: followed here, and put right on the remote.

rclone renames on the remote what the remote had, and then what its cache has. An upload that ends
between the two counts as done, though the remote has the old content under the new name, the new
content under the former one, or neither: a directory's files are copied and then deleted, the one
just uploaded, too. An upload that is cancelled by a rename may have arrived all the same. Then the
cache says that nothing waits, and rclone drops its copy when somebody opens the file.
Seen with rclone 1.75.2 over S3.

A file keeps its inode in the cache when it is renamed. So the names that it waited under are known.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from slipway.remotes.mounted import uploaded
from slipway.remotes.mounted.uploaded import Likeness
from slipway.system import walk

KEPT = 60.0  # seconds that a file is followed after its upload: a rename may be under way still

# Also where the old content has the same size, and the remote keeps no times: rclone would take it
# for this one, and end the move by deleting its source
_ALWAYS = {"IgnoreTimes": True}

# A command of the remote control and its parameters -> the answer. Raises OSError.
Ask = Callable[..., dict[str, Any]]
Say = Callable[[str], None]


@dataclass
class File:
    """
    One file that waits for its upload, or did.
    """

    path: str  # below the cache's root, and the remote's
    waits: bool = True
    is_due: bool = False  # its upload may run before the next look
    left: float = 0.0  # when it waited no more
    is_crossed: bool = False  # it has another name, and nothing waits under that
    formers: list[str] = field(default_factory=list)  # names under which it may be there, too
    job: int = 0  # rclone's, which uploads it again

    @property
    def is_doubtful(self) -> bool:
        """
        Tell whether the remote has to be asked for it.
        """
        return not self.waits and (self.is_crossed or bool(self.formers))


class CrossedUploads:
    """
    The files of one mount's cache that may be on the remote under a wrong name.

    + held: where a file is kept, linked, while the cache has its only copy
    """

    def __init__(self, *, held: Path, say: Say) -> None:
        self.held = held
        self.say = say
        self.files: dict[int, File] = {}  # by inode

    @property
    def doubtful(self) -> list[File]:
        """
        Return the files that the remote has to be asked for.
        """
        return [file for file in self.files.values() if file.is_doubtful]

    @property
    def waiting(self) -> dict[str, int]:
        """
        Return what waited at the last look: each file's inode.
        """
        return {file.path: inode for inode, file in self.files.items() if file.waits}

    def look(self, queue: Iterable[dict[str, Any]], *, root: Path, now: float, soon: float) -> None:
        """
        Follow the files.

        + queue: rclone's answer
        + root: the directory of the cache that the names are relative to
        + soon: seconds until the next look
        """
        waiting = set()
        for item in queue:
            inode = _inode(root / item["name"])
            if inode:
                waiting.add(inode)
                self._waits(inode, item, soon)
        lost = set()
        for inode, file in self.files.items():
            if inode in waiting:
                continue
            if file.waits:
                file.waits, file.left = False, now
            if _inode(root / file.path) != inode:
                lost.add(inode)
        self._find(lost, root)
        self.files = {
            inode: file
            for inode, file in self.files.items()
            if file.waits or file.is_doubtful or now - file.left < KEPT
        }

    def _waits(self, inode: int, item: dict[str, Any], soon: float) -> None:
        file = self.files.setdefault(inode, File(item["name"]))
        if file.path != item["name"]:
            if file.is_due or not file.waits:  # else no upload had begun under that name
                file.formers.append(file.path)
            file.path = item["name"]
        file.waits, file.is_crossed = True, False
        file.is_due = bool(item.get("uploading")) or item.get("expiry", 0) <= soon

    def _find(self, lost: set[int], root: Path) -> None:
        """
        Find files that have another name now; those that are nowhere were deleted or dropped.
        """
        found = {}
        if lost:
            entries = walk.files(root)
            found = {entry.inode(): path for path, entry in entries if entry.inode() in lost}
        for inode in lost:
            if inode not in found:
                del self.files[inode]
                continue
            file = self.files[inode]
            file.formers.append(file.path)
            file.path, file.is_crossed = found[inode], True

    def settle(self, ask: Ask, *, name: str, root: Path, metadata: Path) -> None:
        """
        Put right what can be now; what is under way is doubtful still. Raises OSError.

        + name: the remote's
        + root: of the cache; its counterpart is `metadata`
        """
        for inode, file in list(self.files.items()):
            if not file.is_doubtful or (file.job and not _is_ended(ask, file)):
                continue
            here = uploaded.read(root / file.path, metadata / file.path)
            if here is None:  # changed again, or gone: the next look says it
                continue
            there = uploaded.ask(ask, name, file.path)
            likeness = uploaded.likeness(here, there)
            twins = [
                former
                for former in file.formers
                if not (root / former).exists()
                and uploaded.likeness(here, uploaded.ask(ask, name, former)) is Likeness.SAME
            ]
            if likeness is Likeness.OLDER:
                self._bring(ask, name, file, twins, root)
                continue
            if likeness is Likeness.SAME:
                ask("vfs/forget", file=file.path)  # what was brought to its name is seen so
                for former in twins:
                    ask("operations/deletefile", fs=f"{name}:", remote=former)
                    self.say(f"{former} was renamed while it was uploaded: it is {file.path} only")
            self._release(file)
            del self.files[inode]

    def _bring(self, ask: Ask, name: str, file: File, twins: list[str], root: Path) -> None:
        """
        Have the remote have a file under its name; the next time it is asked whether it has.
        """
        self.say(f"{file.path} was renamed while it was uploaded: it is brought to its name")
        target = {"dstFs": f"{name}:", "dstRemote": file.path, "_config": _ALWAYS}
        if twins:
            ask("operations/movefile", srcFs=f"{name}:", srcRemote=twins[0], **target)
        else:
            self._hold(file, root)
            source = {"srcFs": str(self.held), "srcRemote": file.path}
            file.job = int(ask("operations/copyfile", _async=True, **source, **target)["jobid"])
        ask("vfs/forget", file=file.path)

    def _hold(self, file: File, root: Path) -> None:
        """
        Keep the content, whatever rclone does with it.
        """
        place = self.held / file.path
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        place.unlink(missing_ok=True)
        try:
            os.link(root / file.path, place)
        except OSError:  # a file system without links
            shutil.copy2(root / file.path, place)

    def _release(self, file: File) -> None:
        (self.held / file.path).unlink(missing_ok=True)

    def hold_doubtful(self, *, root: Path, metadata: Path) -> None:
        """
        Keep what is doubtful when rclone ends; it is set aside before the next one. Raises OSError.
        """
        for file in self.doubtful:
            if uploaded.read(root / file.path, metadata / file.path):  # else it waits again
                self._hold(file, root)
        self.files.clear()


def _inode(path: Path) -> int:
    """
    Return a file's inode, 0 where there is none.
    """
    try:
        return path.lstat().st_ino
    except OSError:
        return 0


def _is_ended(ask: Ask, file: File) -> bool:
    """
    Tell whether rclone is done with uploading it again, well or not.
    """
    if not ask("job/status", jobid=file.job).get("finished"):
        return False
    file.job = 0
    return True
