"""
sshd's port is sshd's: what supervisord runs and has taken it gives it back.

    python -m slipway.services.port_claim [PORT...]
    python -m slipway.services.port_claim whose PORT    prints a word where it is a stranger's

A user's program waits at a start until sshd has had its turn (slipway.services.order). While sshd
is down, or starts anew, any program may take the port. It is stopped then, sshd starts, and it
starts again behind sshd. A job of cron's, and a daemon that a program has left, are ended.

What somebody has started otherwise is left alone: a cloud's own sshd, a server in a session, one of
`docker exec`. Health names that.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from slipway.contract import paths
from slipway.services import listeners, told
from slipway.ssh import configured, pid_file
from slipway.system import files, listening, processes, supervisor_rpc

SSHD = "sshd"
PATIENCE = 3.0  # seconds for sshd to listen
_STOP = 90.0  # seconds for a program to stop, which has a `stopwaitsecs` of its own
_GRACE = 1.0  # seconds that a process has between TERM and KILL
_BETWEEN = 0.02  # seconds between two looks at a port
_TICK = 50_000_000  # nanoseconds: a file's time is that of the kernel's last tick
_MARK = b"SUPERVISOR_ENABLED="  # in the environment of what supervisord has started
_UP = ("STARTING", "RUNNING")


class Taker(NamedTuple):
    """
    A process that listens on sshd's port.
    """

    pid: int
    program: str  # as supervisorctl names it; "" for what is none, or none any more
    is_ours: bool  # supervisord has started it, or what it came from

    def __str__(self) -> str:
        comm = files.readable(Path(f"/proc/{self.pid}/comm")) or b"?"
        name = f"{comm.decode(errors='replace').strip()}, process {self.pid}"
        return f"{self.program} ({name})" if self.program else name


def takers(ports: Iterable[int], programs: list[dict[str, Any]]) -> list[Taker]:
    """
    Return who listens on some of the ports besides sshd.

    + programs: as supervisord tells them
    """
    wanted = {inode for port in ports for inode in listening.on(port) or ()}
    for each in programs:
        if each["name"] == SSHD and each["pid"]:
            wanted -= _sockets(each["pid"])
    if not wanted:
        return []
    pids = sorted(int(path.name) for path in Path("/proc").glob("[0-9]*"))
    held = {pid: sockets for pid in pids if (sockets := _sockets(pid) & wanted)}
    makers = {_parent(each["pid"]) for each in programs if each["pid"]}
    found = [pid for pid in held if pid not in makers or not _is_shared(pid, held)]
    families = {} if not found else {_name(each): listeners.family(each["pid"])
                                     for each in programs if each["pid"]}  # fmt: skip
    return [_taker(pid, families) for pid in found]


def is_claimable(port: int) -> bool:
    """
    Tell whether all that listen on a port can be told to give it back.
    """
    try:
        found = takers([port], told.ask(timeout=PATIENCE).programs)
    except OSError:
        return False
    return bool(found) and all(each.is_ours for each in found)


def claim(ports: Iterable[int]) -> list[str]:
    """
    Have sshd listen where others do; returns whom it took the ports from. Raises OSError.
    """
    programs = told.ask(timeout=PATIENCE).programs
    found = [each for each in takers(ports, programs) if each.is_ours]
    if not found:
        return []
    names = [str(each) for each in found]
    is_job = {_name(each) for each in programs if each["remote"] or each["name"] == "cron"}
    stopped = sorted({each.program for each in found if each.program} - is_job)
    try:
        for name in stopped:
            _call("supervisor.stopProcess", name, True)
        _end([each.pid for each in found])
        _start_sshd(programs)
    finally:  # also where sshd could not: they run as before
        for name in stopped:
            _call("supervisor.startProcess", name, False)
    return names


def _start_sshd(programs: list[dict[str, Any]]) -> None:
    """
    Have it listen everywhere: one that runs at a part of its addresses keeps its sessions.
    """
    began = time.time_ns() - _TICK
    is_up = any(each["name"] == SSHD and each["statename"] in _UP for each in programs)
    if not is_up or not _call("supervisor.signalProcess", SSHD, "HUP"):
        _call("supervisor.stopProcess", SSHD, True)
        _call("supervisor.startProcess", SSHD, False)
    pid_file.wait(since=began, seconds=PATIENCE)


def _taker(pid: int, families: dict[str, set[int]]) -> Taker:
    name = next((name for name, family in families.items() if pid in family), "")
    if name:
        return Taker(pid, name, is_ours=name.partition(":")[0] != SSHD)
    variables = files.readable(Path(f"/proc/{pid}/environ")) or b""
    return Taker(pid, "", is_ours=any(each.startswith(_MARK) for each in variables.split(b"\0")))


def _is_shared(pid: int, held: dict[int, set[int]]) -> bool:
    """
    Tell whether others hold what supervisord has opened for them: a FastCGI program's socket.
    """
    return held[pid] <= set().union(*(held[each] for each in held if each != pid))


def _parent(pid: int) -> int:
    stat = files.readable(Path(f"/proc/{pid}/stat"))
    return int(processes.fields(stat)[1]) if stat else 0


def _sockets(pid: int) -> set[int]:
    try:
        return listeners.sockets(pid)
    except PermissionError:
        return set()


def _name(program: dict[str, Any]) -> str:
    return f"{program['group']}:{program['name']}"


def _end(pids: list[int]) -> None:
    """
    End what is left of processes that have listened.
    """
    for number in (signal.SIGTERM, signal.SIGKILL):
        left = [pid for pid in pids if _sockets(pid)]
        for pid in left:
            with contextlib.suppress(PermissionError):  # without CAP_KILL others' processes stay
                processes.send(pid, number)
        deadline = time.monotonic() + _GRACE
        while any(map(_sockets, left)) and time.monotonic() < deadline:
            time.sleep(_BETWEEN)  # nothing tells when a process that is not ours has ended


def _call(method: str, *words: Any) -> bool:
    call: supervisor_rpc.Call = (method, words)
    (answer,) = supervisor_rpc.call(paths.SUPERVISOR_SOCKET, [call], timeout=_STOP)
    return not isinstance(answer, supervisor_rpc.Fault)


def main(words: list[str]) -> None:
    """
    Claim the ports, those of sshd's configuration by default, and say from whom.
    """
    if words[:1] == ["whose"]:
        sys.stdout.write("" if is_claimable(int(words[1])) else "taken\n")
        return
    ports = [int(word) for word in words] or [int(line) for line in configured.ports().split()]
    with contextlib.suppress(OSError, supervisor_rpc.Fault):  # supervisord ends, or does not answer
        for each in claim(ports):
            sys.stderr.write(
                f"slipway: sshd: its port {', '.join(map(str, ports))} was taken by {each}, which "
                "was ended for it; a program starts again behind sshd: give it another port\n"
            )


if __name__ == "__main__":
    main(sys.argv[1:])
