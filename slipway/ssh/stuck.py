"""
Logins from an address of this machine's that do not come to their end: what they wait in.
"""

from __future__ import annotations

import contextlib
import re
import socket
from collections.abc import Sequence
from pathlib import Path

from slipway.system import processes, slow

_TABLES = ("/proc/net/tcp", "/proc/net/tcp6")
_ESTABLISHED = "01"  # proc_net_tcp(5)
_WORDS = 2  # of a command line: the program, and what it runs


class Stuck:
    """
    What serves the connections from an address, with all that it has started.
    """

    def __init__(self, address: str, *, client: Sequence[int] = ()) -> None:
        """
        Look for it once.

        + client: processes at the other end, which may be the slow ones
        """
        connections = _connections(address)
        self._servers = [pid for pid in _sshds() if _sockets(pid) & connections]
        self._all = [each for pid in self._servers for each in (pid, *processes.descendants(pid))]
        self._client = client

    @property
    def is_served(self) -> bool:
        """Tell whether sshd has taken a connection at all."""
        return bool(self._servers)

    def works(self) -> bool:
        """
        Tell whether it has the processor, or waits for it: it is slow then, and does not hang.

        sshd and its client do nothing at all while a program that they wait for hangs.
        """
        ends = [*self._servers, *self._client]
        before = list(map(processes.run_time, ends))
        return slow.works(self._all) or list(map(processes.run_time, ends)) != before

    def where(self) -> str:
        """
        Say in which program it is; no more of a command line than the file that is run.
        """
        started = [words for pid in self._all if (words := _words(pid))]
        shown = list(dict.fromkeys(started))
        return f"it waits in {' > '.join(f'`{words}`' for words in shown)}" if shown else ""

    def end(self) -> None:
        """
        Kill all of it: nobody is at the other end any more.
        """
        for pid in self._servers:
            processes.kill_tree(pid)


def _sshds() -> list[int]:
    found = []
    for path in Path("/proc").glob("[0-9]*/comm"):
        with contextlib.suppress(OSError):  # it has ended
            if path.read_bytes().startswith(b"sshd"):
                found.append(int(path.parent.name))
    return found


def _connections(address: str) -> set[int]:
    """
    Return the inodes of this machine's sockets whose other end is at an IPv4 address.
    """
    packed = int.from_bytes(socket.inet_aton(address), "little")
    pattern = rf"(?m)^ *\d+: \S+ [0-9A-F]*{packed:08X}:\S+ {_ESTABLISHED} (?:\S+ +){{5}}(\d+)"
    found: set[int] = set()
    for table in _TABLES:
        with contextlib.suppress(OSError):
            found.update(map(int, re.findall(pattern, Path(table).read_text())))
    return found


def _sockets(pid: int) -> set[int]:
    try:
        return processes.sockets(pid)
    except PermissionError:
        return set()


def _words(pid: int) -> str:
    """
    Return a process's program and the file that it runs; "" for sshd's own.
    """
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").split(b"\0")
    except OSError:
        return ""
    shown = [word.decode(errors="replace") for word in words[:_WORDS]]
    if not shown[0] or shown[0].startswith("sshd"):
        return ""
    return " ".join([shown[0], *(word for word in shown[1:] if word.startswith("/"))])
