"""
authorized_keys: the keys we were given, beside those that others put there.
"""

from __future__ import annotations

import posixpath
from collections.abc import Generator, Mapping, Sequence
from functools import partial
from pathlib import Path

from pyinfra import host

from slipway.connectors.native import Inside, Result
from slipway.facts.attributes import Unchangeable
from slipway.facts.authorized_keys import KeyFile, KeyFiles, UnsafePlace
from slipway.facts.files import FileStates
from slipway.facts.mounts import Mounts
from slipway.facts.users import HomeOf
from slipway.operations import differences, foresight, room
from slipway.operations.degraded import degrade
from slipway.operations.files import Command, File, replaced
from slipway.operations.independent import operation
from slipway.operations.mounted import kept, why_fixed, writable
from slipway.settings import public_keys
from slipway.system import mountinfo
from slipway.system.counting import counted

_NOTHING = KeyFile(b"", "", "", "")


@operation()
def merged(*, path: str, keys: Sequence[str], record: str, fallback: str) -> Generator[Command]:
    """
    Have these keys in the file, each once; lines that are not ours stay byte for byte.

    What we put in earlier and are no longer given goes. The record names what is ours; a key that
    was in the file before us never is. Additions are recorded before, removals after they are in
    the file, so that a run killed in between neither adopts nor forgets a key.

    A link is followed and stays one. Where it leads into a place that others than root may write
    to, sshd ignores it: the keys are then kept in `fallback`, which sshd reads, too. So they are
    where the file is not ours to replace: it is mounted itself, or its directory is read-only or
    another user's. Where root's home is elsewhere, sshd does not look at the file at all.

    + path: the authorized_keys file
    + keys: valid lines of sshd(8)'s AUTHORIZED_KEYS FILE FORMAT
    + record: where Slipway keeps the lines that it put in
    + fallback: a file in a directory of root's
    """
    mounts = host.get_fact(Mounts)
    record, fallback = writable(mounts, record), writable(mounts, fallback)
    states = host.get_fact(KeyFiles, paths=[path, record, fallback])
    file, recorded = states.get(path, _NOTHING), states.get(record, _NOTHING)
    to_write = []
    if (spare := _beside(path, file, keys)) is None:
        to_write = _changes(path, file, keys, record=record, recorded=recorded)
        real = file.real or path
        if closed := kept([real] if any(each.path == real for each in to_write) else []):
            is_roots = file.user == "root" and not int(file.mode, 8) & 0o022
            to_write, spare = [], _spare(path, file, keys, (f"{real} {closed[real]}", is_roots))
        else:
            spare = _joined(keys) if _is_ignored(path, file) else _unread(path, file, keys)
    there = states.get(fallback, _NOTHING)
    if spare != there.content or (spare and not _is_protected(there)):
        to_write.append(File(fallback, spare, mode="600"))

    if not to_write:
        host.noop(f"{counted(len(keys), 'key is', 'keys are')} in {path}")
        return
    for target in to_write:
        _tell(target, path=path, states=states)
    for place in sorted({posixpath.dirname(target.path) for target in to_write}):
        if place in {posixpath.dirname(path), posixpath.dirname(record)}:
            _tell_of_directory(place)
            yield Inside(room.closed(place), partial(_had, place))
    for target in to_write:
        yield from replaced([target])


def _had(place: str) -> Result:
    """
    Do what the command does that has a directory closed to others.
    """
    path = Path(place)
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.chmod(0o700)
    except OSError as error:
        complaint = f"mkdir: cannot create directory '{place}': {error.strerror}\n"
        return Result(b"", complaint.encode(errors="surrogateescape"), code=1)
    return Result(b"")


def _tell_of_directory(place: str) -> None:
    if foresight.plan() and not foresight.is_closed(place):  # told by whoever makes it
        state = host.get_fact(FileStates, paths=[place]).get(place)
        if found := differences.of_directory(state, "700"):
            foresight.change(place, found)


def _tell(target: File, *, path: str, states: Mapping[str, KeyFile]) -> None:
    """
    Note how a file differs from what is to be written there. Public keys are no secret.
    """
    state = next((each for each in states.values() if each.real == target.path), _NOTHING)
    found = [differences.of_keys(state.content, target.content)]
    if state.mode and state.mode not in ("600", "400"):
        found.append(f"mode {state.mode}, should be {target.mode}")
    if state.user not in ("", target.user):
        found.append(f"owner {state.user}, should be {target.user}")
    words = ", ".join(filter(None, found)) or "content differs"
    is_theirs = target.path == (states.get(path, _NOTHING).real or path)
    difference = differences.unified(target.path, target.content, seen=state.content)
    foresight.change(target.path, words, difference=difference if is_theirs else ())


def _changes(
    path: str, file: KeyFile, keys: Sequence[str], *, record: str, recorded: KeyFile
) -> list[File]:
    """
    Return what to write of the file and of the record, in this order.
    """
    before = recorded.content.decode(errors="surrogateescape").splitlines()
    content, ours = merge(file.content, keys, before)
    to_write = []
    wider = list(dict.fromkeys([*before, *ours])) if set(before) - set(ours) else []
    if ours != before or (ours and not _is_protected(recorded)):
        to_write.append(File(record, _joined(wider or ours), mode="600"))
    if content != file.content or (content and not _is_protected(file)):
        to_write.append(File(file.real or path, content, mode="600"))
    if wider:
        to_write.append(File(record, _joined(ours), mode="600"))
    return to_write


def _is_protected(file: KeyFile) -> bool:
    return file.mode in ("600", "400") and file.user == "root"


def _is_ignored(path: str, file: KeyFile) -> bool:
    if file.real in ("", path):
        return False
    place = _unsafe_place(path)
    if place:
        rule = f"{path} leads to {file.real}, and others than root may write to {place}"
        degrade("authorized_keys", f"{rule}: sshd ignores that file, the keys given are used")
    return bool(place)


def _unread(path: str, file: KeyFile, keys: Sequence[str]) -> bytes:
    """
    Return what to keep beside a file of root's that sshd does not look at.
    """
    if not _is_elsewhere(path):
        return b""
    is_roots = _is_protected(file) and not _unsafe_place(path)
    theirs = _by_identity(file.content.decode(errors="surrogateescape")) if is_roots else {}
    given = {public_keys.identity(line): line for line in keys}
    return _joined([*{**theirs, **given}.values()])


def _is_elsewhere(path: str) -> bool:
    """
    Tell whether root's home is not where the file is.
    """
    home = host.get_fact(HomeOf, user="root")
    return bool(home) and posixpath.normpath(home) != posixpath.dirname(posixpath.dirname(path))


def _beside(path: str, file: KeyFile, keys: Sequence[str]) -> bytes | None:
    """
    Return what to keep beside a file that is not ours to replace; None where it is.

    sshd ignores one that is not root's, or that others may write to, or a directory above it.
    """
    rule, counts = _fixed(path, file)
    return _spare(path, file, keys, (rule, counts)) if rule else None


def _spare(path: str, file: KeyFile, keys: Sequence[str], fixed: tuple[str, bool]) -> bytes:
    """
    Return what to keep beside a file that stays as it is, for a rule; whether its keys count.
    """
    rule, counts = fixed
    is_ignored = bool(file.mode) and (
        file.user != "root"
        or bool(int(file.mode, 8) & 0o022)
        or bool(_unsafe_place(path))
        or _is_elsewhere(path)
    )
    theirs = _by_identity(file.content.decode(errors="surrogateescape")) if counts else {}
    more = [line for line in keys if public_keys.identity(line) not in theirs]
    if more or (theirs and is_ignored):
        degrade("authorized_keys", f"{rule}: it stays as it is, the keys are used from elsewhere")
    return _joined([*(theirs.values() if is_ignored else ()), *more])


def _fixed(path: str, file: KeyFile) -> tuple[str, bool]:
    """
    Return why a file is not ours to replace, "" where it is, and whether the keys in it count.

    What lies in a mount of its own or can't be written to was given by whoever runs the container,
    so they do; where another user may write, he could add his own at any time.
    """
    if file.trouble:
        return f"{path} can't be read ({file.trouble})", False
    mounts, real = host.get_fact(Mounts), file.real or path
    folder = posixpath.dirname(real)
    directory = mountinfo.holding(mounts, folder)
    if any(mount.point == real for mount in mounts):
        return f"{real} is mounted", True
    if directory and "ro" in directory.options:
        return f"{real} is on a read-only file system", True
    if real == path and (place := _unsafe_place(path)):
        is_mounted = mountinfo.is_volume(mounts, place)
        return f"{place} is{' mounted and' if is_mounted else ''} not root's alone", False
    return "", False


def _unsafe_place(path: str) -> str:
    """
    Return which directory above the keys lets others in, and is not ours to close.

    When a convergence comes here the others are closed already. A check has changed nothing.
    """
    ours = []
    if not host.state.is_executing:
        mounts = host.get_fact(Mounts)
        closed = host.get_fact(Unchangeable, paths=_above(path))
        ours = [
            place for place in _above(path) if place not in closed and not why_fixed(mounts, place)
        ]
    place: str = host.get_fact(UnsafePlace, path=path, besides=ours)
    return place


def _above(path: str) -> list[str]:
    places = [posixpath.dirname(path)]
    while places[-1] not in ("/", ""):
        places.append(posixpath.dirname(places[-1]))
    return places


def _by_identity(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in map(str.strip, text.split("\n")):
        if identity := public_keys.identity(line):
            found.setdefault(identity, line)
    return found


def merge(content: bytes, keys: Sequence[str], recorded: Sequence[str]) -> tuple[bytes, list[str]]:
    """
    Return the file's new content, and which of the keys in it are ours.

    + content: the file as it is, whatever it holds
    + keys: the lines we are given
    + recorded: the lines that we put in before
    """
    given = {public_keys.identity(line): line for line in keys}
    old = set(recorded)
    ours: dict[str, None] = {}  # in the file's order; a list would be slow to search
    kept, foreign = [], set()
    for raw in content.split(b"\n"):
        line = raw.decode(errors="surrogateescape").strip()
        identity = public_keys.identity(line)
        if line in old:
            if given.get(identity) != line or line in ours:
                continue  # no longer given, or given with other options, or there twice
            ours[line] = None
        elif identity:
            foreign.add(identity)
        kept.append(raw)
    text = b"\n".join(kept)
    added = [
        line for identity, line in given.items() if identity not in foreign and line not in ours
    ]
    if added:
        if text and not text.endswith(b"\n"):
            text += b"\n"
        text += _joined(added)
    return text, [*ours, *added]


def _joined(lines: Sequence[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode(errors="surrogateescape")
