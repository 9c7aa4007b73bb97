"""
Whole files of ours, as one operation over all of them, each replaced atomically.
"""

from __future__ import annotations

import grp
import os
import posixpath
import pwd
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from pyinfra import host
from pyinfra.api import FileUploadCommand, QuoteString, StringCommand

from slipway.connectors.native import Inside, Result
from slipway.facts.files import NO_ANSWER, FileState, FileStates, FileText
from slipway.facts.mounts import Mounts
from slipway.operations import differences, foresight, laid, room
from slipway.operations.degraded import degrade
from slipway.operations.directories import aside
from slipway.operations.independent import operation
from slipway.operations.laid import RecordDraft
from slipway.operations.mounted import kept, why_fixed
from slipway.system.atomic import clear, create, sync, temporary
from slipway.system.counting import counted

Command = StringCommand | FileUploadCommand

# A shell outlives a run that is killed. Nobody holds the lock then, and the next run may be writing
# drafts of the same names, which are not the orphan's to move. (0: started from outside.)
_UNLESS_ORPHANED = '[ "$PPID" = 0 ] || [ -e "/proc/$PPID" ] || exit 1;'
# What atomic.create does: a setgid directory gives its group
_MADE = ': > "$draft" && { [ -G "$draft" ] || chgrp 0 -- "$draft" || true; }'


class File(NamedTuple):
    """
    A regular file that is ours alone.
    """

    path: str
    content: bytes
    mode: str = "644"
    user: str = "root"
    group: str = "root"

    def matches(self, state: FileState | None) -> bool:
        """Tell whether what is there is this file, to the last bit."""
        return state == self.expected

    @property
    def expected(self) -> FileState:
        """Return what is to be there."""
        digest = sha256(self.content).hexdigest()
        return FileState("regular file", self.mode, self.user, self.group, digest)


@operation()
def present(*, files: Sequence[File], absent: Sequence[str] = ()) -> Generator[Command]:
    """
    Have these files, whole: readers see the old content or the new, never a part of either.

    A directory in a file's place is kept beside it as `.replaced`. What is mounted stays as it is,
    and that is said: it keeps no other file from its place.

    + files: what must be there; a link in a file's place is replaced, not followed
    + absent: paths that must not be there
    """
    if not files and not absent:
        host.noop("no files are wanted here")
        return
    states = host.get_fact(FileStates, paths=[*(file.path for file in files), *absent])
    different = _replaceable(
        [file for file in files if not file.matches(states.get(file.path))], states
    )
    # a draft without its rename: a run that was killed between the two
    drafts = {temporary(path) for path in (*(file.path for file in files), *absent)}
    litter = _removable([path for path in states if path in absent or path in drafts], states)
    if not different and not litter:
        host.noop(f"{counted(len(files), 'file is', 'files are')} as wanted")
        return
    for file in different:
        differences.of_file(file.path, file.content, file.expected, states.get(file.path))
    if missing := [file.path for file in different if file.path not in states]:
        laid.record().name_removed(missing)
    if litter:
        for path in sorted(litter):
            is_draft = path in drafts
            foresight.change(path, "left by a run that was cut off" if is_draft else "not wanted")
            foresight.leave(path, None)
        folders = [path for path in litter if states[path].type == "directory"]
        yield from map(aside, folders)
        if rest := sorted(set(litter) - set(folders)):
            yield StringCommand("rm", "-f", "--", *map(QuoteString, rest))
    yield from _put(different, states)


def replace(files: Sequence[File], states: Mapping[str, FileState]) -> Generator[Command]:
    """
    Yield the commands that put our files in their places, keeping what somebody has changed there.

    What is mounted stays, and that is said.

    + states: what is there
    """
    yield from _put(_replaceable(files, states), states)


def _put(files: Sequence[File], states: Mapping[str, FileState]) -> Generator[Command]:
    if not files:
        return
    known = laid.record()
    seen = {file.path: states[file.path] for file in files if file.path in states}
    differing = {
        file.path: seen[file.path]
        for file in files
        if file.path in seen and seen[file.path].sha256 != file.expected.sha256
    }
    yield from laid.keep(known.changed(differing))
    for file in files:
        if file.path in states and states[file.path].type == "directory":
            laid.name_aside(file.path)
            yield aside(file.path)
    new = {file.path: file.expected.sha256 for file in files}
    yield from write(files, record=known.ahead(new, seen))


def replaced(files: Sequence[File]) -> Generator[Command]:
    """
    Yield the commands that put files in their places, for operations that know that these differ.
    """
    states = host.get_fact(FileStates, paths=[file.path for file in files]) if files else {}
    for file in _replaceable(files, states):
        if file.path in states and states[file.path].type == "directory":
            yield aside(file.path)
        yield from write([file])


def _replaceable(files: Sequence[File], states: Mapping[str, FileState]) -> list[File]:
    """
    Return those files that are ours to replace, and say of the others why they stay as they are.

    + states: what is at their paths, as far as it is known
    """
    mounts = host.get_fact(Mounts) if files else []
    closed = kept(file.path for file in files)
    ours = []
    for file in files:
        state = states.get(file.path)
        why = why_fixed(mounts, file.path) or closed.get(file.path, "")
        if state and state.type == NO_ANSWER:
            why = "is on a file system that does not answer"
        if why:
            degrade(file.path, f"{why}: it stays as it is, which is not what Slipway puts there")
        else:
            ours.append(file)
    return ours


def _removable(paths: Sequence[str], states: Mapping[str, FileState]) -> list[str]:
    mounts = host.get_fact(Mounts) if paths else []
    ours = []
    for path in paths:
        if states[path].type == NO_ANSWER:
            continue  # nothing is known to be there
        if why := why_fixed(mounts, path):
            degrade(path, f"{why}: it stays, and Slipway would have it removed")
        else:
            ours.append(path)
    return ours


def write(files: Iterable[File], *, record: RecordDraft | None = None) -> Generator[Command]:
    """
    Yield the commands that replace files: a draft beside each, synced, then renamed over it.

    A draft is root's alone until it has its owner and mode, so that no secret is readable by
    others for a moment. /run is not synced: it does not outlive a crash. Where there is no room
    for one of them none is moved.

    + record: of what we lay, moved to its place before the files are
    """
    files = list(files)
    if not files:
        return
    for file in files:
        foresight.leave(file.path, file.content)
    drafts = [QuoteString(temporary(file.path)) for file in files]
    uploads = {temporary(file.path): file.content for file in files}
    if record:
        uploads[record.path] = record.content
    made = [*map(QuoteString, uploads)]
    directories = sorted({*map(posixpath.dirname, uploads)})
    # fmt: off
    begin = StringCommand(
        *room.made(*directories), "&&", *room.cleared(*uploads),
        "&&", "(umask 077 && for draft in", *made, f"; do {_MADE} || exit 1; done)",
    )
    # fmt: on
    yield Inside(begin, lambda: _attempt(_begin, uploads))
    for path, content in uploads.items():
        yield FileUploadCommand(BytesIO(content), path)
    steps: list[object] = ["set -e;"]
    for file, draft in zip(files, drafts, strict=True):
        owner = QuoteString(f"{file.user}:{file.group}")
        if (file.user, file.group) != ("root", "root"):
            steps += ["chown", owner, draft, ";"]
        steps += ["chmod", file.mode, draft, ";"]
    if durable := [
        draft
        for file, draft in zip(files, drafts, strict=True)
        if not file.path.startswith("/run/")
    ]:
        steps += ["sync", *durable, ";"]
    steps += [_UNLESS_ORPHANED]
    steps += record.steps() if record else []
    for file, draft in zip(files, drafts, strict=True):
        steps += ["mv", "-T", "--", draft, QuoteString(file.path), ";"]
    steps += ['exit "$recorded"'] if record else []
    yield Inside(StringCommand(*steps), lambda: _attempt(_end, files, record))


def _attempt(step: Callable[..., None], *given: object) -> Result:
    """
    Do a step of `write` as its command does.
    """
    try:
        step(*given)
    except (OSError, LookupError) as error:
        return Result(b"", f"{error}\n".encode(errors="surrogateescape"), code=1)
    return Result(b"")


def _begin(drafts: Iterable[str]) -> None:
    for draft in drafts:
        room.make_directory(posixpath.dirname(draft))
        clear(draft)
        os.close(create(draft))


def _end(files: Sequence[File], record: RecordDraft | None) -> None:
    for file in files:
        draft = temporary(file.path)
        if (file.user, file.group) != ("root", "root"):
            os.chown(draft, pwd.getpwnam(file.user).pw_uid, grp.getgrnam(file.group).gr_gid)
        Path(draft).chmod(int(file.mode, 8))
        if not file.path.startswith("/run/"):
            with Path(draft).open("rb") as stream:
                sync(stream.fileno())
    failure = record.move() if record else None
    for file in files:
        Path(temporary(file.path)).rename(file.path)
    if failure:
        raise failure


@operation()
def private(*, paths: Sequence[str]) -> Generator[StringCommand]:
    """
    Keep files that others have written to root; what is not there, or no file, is left alone.
    """
    states = host.get_fact(FileStates, paths=list(paths))
    mounts = host.get_fact(Mounts)
    shown = [
        path
        for path, state in states.items()
        if state.type == "regular file"
        and (state.user != "root" or int(state.mode, 8) & 0o077)
        and not why_fixed(mounts, path)
    ]
    if not shown:
        host.noop(f"{counted(len(paths), 'file is', 'files are')} root's alone")
        return
    for path in shown:
        foresight.change(path, "others can read it")
    words = [*map(QuoteString, shown)]
    yield StringCommand("chown", "0:0", "--", *words, "&&", "chmod", "600", "--", *words)


@operation()
def first_line(*, path: str, content: str) -> Generator[Command]:
    """
    Have a line in a file that has no directory for drop-ins; the rest of it is left alone.

    It comes first: /etc/bash.bashrc, say, returns early in shells that are not interactive.

    + path: the file; made where there is none
    + content: the whole line
    """
    text = host.get_fact(FileText, path=path)
    if content in text.splitlines():
        host.noop(f"{path} has the line")
        return
    foresight.change(path, f"without its line `{content}`")
    yield from replaced([File(path, f"{content}\n{text}".encode(errors="surrogateescape"))])
