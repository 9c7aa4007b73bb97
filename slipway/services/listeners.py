"""
Whose a port is: a program is not ready because somebody else listens where it should.

The kernel tells which sockets listen, and each process's descriptors (proc(5)). Without
CAP_SYS_PTRACE root may look at the descriptors of its own processes alone, and becomes the owner of
others for the time of the look. So this is for a process of its own: slipway.services.probes.
"""

from __future__ import annotations

import contextlib
import os
import socket
from pathlib import Path

from slipway.system import listening, processes

_UNTOLD = 0  # the inode where the kernel tells none


def obstacle(pid: int, port: int) -> str:
    """
    Return why a program does not listen on a port, "" where it does.

    Of processes that can't be looked at, the user who has made the socket counts.

    + pid: of the program's first process; all that came from it are the program
    """
    found = listening.on(port)
    if found is None:
        return "" if _connects(port) else f"nothing listens on port {port}"
    if not found:
        return f"nothing listens on port {port}"
    ours, hidden = family(pid), set()
    for each in ours:
        try:
            if sockets(each) & found.keys():
                return ""
        except PermissionError:  # noqa: PERF203 - a few processes
            hidden.add(_owner(each)[0])
    if _UNTOLD in found or hidden & set(found.values()):
        return ""
    return f"port {port} is another program's{_named(ours, set(found))}"


def family(pid: int) -> set[int]:
    """
    Return a process with its descendants, its group and its session.
    """
    kin: dict[int, tuple[int, set[int]]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended
            _, parent, group, session, *_ = processes.fields(path.read_bytes())
            kin[int(path.parent.name)] = int(parent), {int(group), int(session)}
    found = {pid, *(each for each, (_, kinds) in kin.items() if pid in kinds)}
    while more := {each for each, (parent, _) in kin.items() if parent in found} - found:
        found |= more
    return found


def sockets(pid: int) -> set[int]:
    """
    Return the inodes of a process's sockets. Raises PermissionError.
    """
    try:
        return processes.sockets(pid)
    except PermissionError:
        if os.geteuid():
            raise
    uid, gid = _owner(pid)
    try:
        os.setegid(gid)
        os.seteuid(uid)
        return processes.sockets(pid)
    finally:
        os.seteuid(0)
        os.setegid(0)


def _owner(pid: int) -> tuple[int, int]:
    """
    Return the effective user and group of a process; nobody's numbers for one that has ended.
    """
    ids = {}
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_bytes().splitlines():
            if line.startswith((b"Uid:", b"Gid:")):
                ids[line[:1]] = int(line.split()[2])
    return ids.get(b"U", -1), ids.get(b"G", -1)


def _connects(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _named(ours: set[int], inodes: set[int]) -> str:
    """
    Return who has the sockets, as far as that can be seen.
    """
    for path in Path("/proc").glob("[0-9]*"):
        pid = int(path.name)
        if pid in ours:
            continue
        with contextlib.suppress(OSError):
            if sockets(pid) & inodes:
                name = (path / "comm").read_text(errors="replace").strip()
                return f": {name}, process {pid}"
    return ""
