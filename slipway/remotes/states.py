"""
What each configured remote is doing: its program says so in a file, as nobody may ask the mount.

A stat of a mount whose remote is down may last a minute. So the program behind a remote keeps a
small file below /run, and what is mounted is read from the kernel's list: all of it is bounded.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

from slipway.contract import paths, report
from slipway.remotes import rc
from slipway.services import first_process, own_programs
from slipway.system import atomic, disk, files, locks, mountinfo

PROGRAM_MARK = own_programs.REMOTE_MARK
DIRECTORY = paths.RUN / "rclone"
BOUND = 1.0  # seconds to ask all of them for their uploads
_LONGEST = 40  # bytes of a name: a unix socket's path has 107, twice as many digits and the rest


class State(NamedTuple):
    """
    What a remote's program last said of it.
    """

    pid: int = 0  # of rclone; 0 while none runs
    detail: str = "is starting"  # why it can't be used now; "" where it can
    pending: int | None = None  # files that wait for their upload, where only the program knows


class Remote(NamedTuple):
    """
    One configured remote.
    """

    name: str
    program: str  # supervisor's
    point: str
    mounted: bool
    pending: int | None  # files that wait for their upload; None where nobody answers
    pid: int
    detail: str


def socket_of(name: str) -> Path:
    """
    Return the socket of a mount's remote control.
    """
    return _file(name, "sock")


def claim(name: str) -> IO[bytes] | None:
    """
    Return the lock that a remote's program holds while it runs; None while another one runs.

    Raises OSError.
    """
    DIRECTORY.mkdir(mode=0o700, parents=True, exist_ok=True)
    return locks.take(_file(name, "lock"))


def write(name: str, state: State) -> None:
    """
    Keep what a program says of its remote, until it or PID 1 ends. Raises OSError.
    """
    DIRECTORY.mkdir(mode=0o700, parents=True, exist_ok=True)
    document = json.dumps({**state._asdict(), "boot": report.boot()})
    atomic.write(_file(name, "json"), document.encode(), durable=False)


def read(name: str) -> State:
    """
    Return what a remote's program said since this start of the container.
    """
    try:
        document = json.loads(files.readable(_file(name, "json")) or b"")
        if document.pop("boot") == report.boot():
            return State(**document)
    except (ValueError, TypeError, KeyError):
        pass
    return State()


def gather(workspace: str) -> list[Remote]:
    """
    Return every remote that has a program, its uploads asked for within BOUND for all of them.
    """
    remotes = list(configured(workspace))
    asked = {each.name: socket_of(each.name) for each in remotes if each.mounted}
    there = {name: socket for name, socket in asked.items() if socket.exists()}
    told = rc.pending_of_all(there.values(), seconds=BOUND)
    return [
        remote._replace(pending=told.get(there[remote.name])) if remote.name in there else remote
        for remote in remotes
    ]


def notes(workspace: str) -> list[str]:
    """
    Return a note for each remote that can't be used now; asks nobody, so it takes no time.
    """
    remotes = list(configured(workspace))
    told = [f"remote {remote.name} {remote.detail}" for remote in remotes if remote.detail]
    shortage = disk.shortage(Path(workspace, "remote/.cache")) if remotes else ""
    if shortage:
        told.append(f"the remotes' cache is short of room: {shortage}")
    if remotes and (warning := first_process.warning()):
        told.append(warning)
    return told


def rests_on() -> list[str]:
    """
    Return the paths whose change may change what `notes` says; none without remotes.
    """
    if not any(paths.SUPERVISOR_PROGRAMS.glob("remote-*.conf")):
        return []
    told = sorted(DIRECTORY.glob("*.json")) if DIRECTORY.exists() else []
    return list(map(str, [DIRECTORY, *told]))


def configured(workspace: str) -> Iterator[Remote]:
    """
    Go through the remotes that have a program; nobody is asked for their uploads.
    """
    mounts = mountinfo.here()
    points = {mount.point for mount in mounts if mount.type == "fuse.rclone"}
    for file in sorted(paths.SUPERVISOR_PROGRAMS.glob("remote-*.conf")):
        try:
            first, _, rest = files.text(file).partition("\n")
        except OSError:  # removed meanwhile
            continue
        if not first.startswith(PROGRAM_MARK):
            continue
        name = first.removeprefix(PROGRAM_MARK)
        point = f"{workspace.rstrip('/')}/remote/{name}"
        state = read(name)
        is_mount = "/slipway mount " in rest
        detail = state.detail or ("is not mounted" if is_mount and point not in points else "")
        yield Remote(name, file.stem, point, point in points, state.pending, state.pid, detail)


def _file(name: str, kind: str) -> Path:
    encoded = os.fsencode(name)
    if len(encoded) <= _LONGEST:
        return DIRECTORY / f"{encoded.hex()}.{kind}"
    from hashlib import sha256  # noqa: PLC0415 - few names are so long, and health must be quick

    return DIRECTORY / f"{sha256(encoded).hexdigest()}.{kind}"
