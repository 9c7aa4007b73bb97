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
from slipway.contract import paths
from slipway.facts.files import FileState, FileStates, FileText, LinkTargets
from slipway.operations import differences, foresight, laid
from slipway.operations.independent import operation
from slipway.system.atomic import temporary

Command = StringCommand | FileUploadCommand

# A shell outlives a run that is killed. Nobody holds the lock then, and the next run may be writing
# drafts of the same names, which are not the orphan's to move. (0: started from outside.)
_UNLESS_ORPHANED = '[ "$PPID" = 0 ] || [ -e "/proc/$PPID" ] || exit 1;'


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

    + files: what must be there; a link in a file's place is replaced, not followed
    + absent: paths that must not be there
    """
    if not files and not absent:
        host.noop("no files are wanted here")
        return
    states = host.get_fact(FileStates, paths=[*(file.path for file in files), *absent])
    different = [file for file in files if not file.matches(states.get(file.path))]
    # a draft without its rename: a run that was killed between the two
    drafts = {temporary(path) for path in (*(file.path for file in files), *absent)}
    litter = [path for path in states if path in absent or path in drafts]
    if not different and not litter:
        host.noop(f"{len(files)} files are as they should be")
        return
    for file in different:
        differences.of_file(file.path, file.content, file.expected, states.get(file.path))
    if litter:
        for path in sorted(litter):
            is_draft = path in drafts
            foresight.change(path, "left by a run that was cut off" if is_draft else "not wanted")
            foresight.leave(path, None)
        yield StringCommand("rm", "-f", "--", *map(QuoteString, sorted(litter)))
    yield from replace(different, states)


def replace(files: Sequence[File], states: Mapping[str, FileState]) -> Generator[Command]:
    """
    Yield the commands that put our files in their places, keeping what somebody has changed there.

    + states: what is there
    """
    if not files:
        return
    known = laid.record()
    seen = {file.path: states[file.path] for file in files if file.path in states}
    differing = {
        file.path: seen[file.path]
        for file in files
        if file.path in seen and seen[file.path].sha256 != file.expected.sha256
    }
    yield from laid.keep(laid.changed(known, differing))
    yield from write(files)
    if lines := laid.recorded(known, {file.path: file.expected.sha256 for file in files}):
        yield from write([File(str(paths.LAID), lines, mode="600")])


def write(files: Iterable[File]) -> Generator[Command]:
    """
    Yield the commands that replace files: a draft beside each, synced, then renamed over it.

    A draft is root's alone until it has its owner and mode, so that no secret is readable by
    others for a moment. /run is not synced: it does not outlive a crash. Where there is no room
    for one of them none is moved.
    """
    files = list(files)
    if not files:
        return
    for file in files:
        foresight.leave(file.path, file.content)
    drafts = [QuoteString(temporary(file.path)) for file in files]
    directories = sorted({posixpath.dirname(file.path) for file in files})
    # fmt: off
    begin = StringCommand(
        "mkdir", "-p", "--", *map(QuoteString, directories),
        "&&", "rm", "-f", "--", *drafts,
        "&&", "(umask 077 && for draft in", *drafts, '; do : > "$draft" || exit 1; done)',
    )
    # fmt: on
    yield Inside(begin, lambda: _attempt(_begin, files))
    for file in files:
        yield FileUploadCommand(BytesIO(file.content), temporary(file.path))
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
    for file, draft in zip(files, drafts, strict=True):
        steps += ["mv", "-T", "--", draft, QuoteString(file.path), ";"]
    yield Inside(StringCommand(*steps), lambda: _attempt(_end, files))


def _attempt(step: Callable[[Sequence[File]], None], files: Sequence[File]) -> Result:
    """
    Do a step of `write` as its command does.
    """
    try:
        step(files)
    except (OSError, LookupError) as error:
        return Result(b"", f"{error}\n".encode(errors="surrogateescape"), code=1)
    return Result(b"")


def _begin(files: Sequence[File]) -> None:
    for file in files:
        draft = temporary(file.path)
        os.makedirs(posixpath.dirname(draft), exist_ok=True)  # noqa: PTH103 - a link may lead there
        Path(draft).unlink(missing_ok=True)
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def _end(files: Sequence[File]) -> None:
    for file in files:
        draft = temporary(file.path)
        if (file.user, file.group) != ("root", "root"):
            os.chown(draft, pwd.getpwnam(file.user).pw_uid, grp.getgrnam(file.group).gr_gid)
        Path(draft).chmod(int(file.mode, 8))
        if not file.path.startswith("/run/"):
            with Path(draft).open("rb") as stream:
                os.fsync(stream.fileno())
    for file in files:
        Path(temporary(file.path)).rename(file.path)


@operation()
def directories(*, directories: Mapping[str, str]) -> Generator[StringCommand]:
    """
    Have these directories, with their parents.

    + directories: path to octal mode; "" leaves the mode of one that is there as it is
    """
    states = host.get_fact(FileStates, paths=list(directories))
    steps: list[object] = []
    for path, mode in directories.items():
        state = states.get(path)
        if found := differences.of_directory(state, mode):
            foresight.change(path, found)
        if state is None or state.type not in ("directory", "symbolic link"):
            steps += ["&&", "mkdir", "-p", "--", QuoteString(path)]
        if mode and (state is None or (state.type, state.mode) != ("directory", mode)):
            steps += ["&&", "chmod", mode, "--", QuoteString(path)]
    if not steps:
        host.noop(f"{len(directories)} directories are there")
        return
    for path in directories:
        foresight.leave(path, b"")
    yield StringCommand(*steps[1:])


@operation()
def links(*, links: Mapping[str, str]) -> Generator[StringCommand]:
    """
    Have these symbolic links; what else is in a link's place is replaced.

    + links: path to target
    """
    targets = host.get_fact(LinkTargets, paths=list(links))
    different = {path: target for path, target in links.items() if targets.get(path) != target}
    if not different:
        host.noop(f"{len(links)} links are there")
        return
    for path, target in different.items():
        found = f"leads to {targets[path]}, should lead" if path in targets else "should lead"
        foresight.change(path, f"{found} to {target}")
        draft = QuoteString(temporary(path))
        # fmt: off
        yield StringCommand(
            "ln", "-sfn", "--", QuoteString(target), draft,
            "&&", "mv", "-T", "--", draft, QuoteString(path),
        )
        # fmt: on


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
    yield from write([File(path, f"{content}\n{text}".encode(errors="surrogateescape"))])
