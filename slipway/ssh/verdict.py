"""
Could root, or who logs in for him, open a session now: the verdict, kept until a file changes.

`sshd -T` takes ten milliseconds of a processor, which health has not to spend every few seconds. So
what is judged from files is kept in /run beside what those were like. The capabilities of the sshd
that runs are looked at each time.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import time
from pathlib import Path
from typing import Any

from slipway.contract import paths
from slipway.ssh import capabilities, key_files, logins, situation
from slipway.ssh.login import Obstacle
from slipway.ssh.situation import DAY, Seen, Situation
from slipway.system import atomic, files
from slipway.system.bounded_files import BoundedFiles

_SETTLED = 50_000_000  # nanoseconds: a clock's tick, within which a second change is not seen
_CHANGED = 5  # of what `_status` returns: ctime
_FIRST_FREE = "/proc/sys/net/ipv4/ip_unprivileged_port_start"


def look(*, keep: bool, pid: int | None = None) -> Situation:
    """
    Return the verdict.

    + keep: write it down for the next time
    + pid: sshd's, whose capabilities count; 0 where none runs, and then ours do
    """
    found = _kept()
    if found is None:
        began = time.time_ns()
        seen = situation.judged(logins.promised())
        found = seen.situation
        if keep:
            _keep(seen, began)
    more = _of_capabilities(found.ports, str(pid or "self"))
    known = [
        each._replace(refuses=True) if pid == 0 and _is_unusable(each) else each
        for each in found.obstacles
    ]
    theirs = [each._replace(user=found.user) for each in more]
    return found._replace(obstacles=[*known, *theirs])


def rests_on() -> tuple[list[str], list[str]] | None:
    """
    Return the paths that the verdict which is kept was judged from; None where none is kept.

    Of the second ones owner and mode alone count.
    """
    if _kept() is None:
        return None
    kept = json.loads(files.readable(paths.LOGIN) or b"{}")
    return kept["contents"], kept["places"]


def _is_unusable(obstacle: Obstacle) -> bool:
    """
    Tell whether sshd can't use its configuration: one that runs goes on as it is, none starts.
    """
    return obstacle.what.startswith(situation.UNUSABLE)


def _of_capabilities(ports: list[int], process: str) -> list[Obstacle]:
    held = capabilities.mask(_text(f"/proc/{process}/status"))
    found = []
    if names := capabilities.missing(held, capabilities.SESSION):
        what = f"the container lacks the capabilities {', '.join(names)} (--cap-add)"
        found.append(Obstacle(what, is_chosen=False))
    names = capabilities.missing(held, capabilities.TERMINAL)
    if names and capabilities.is_audited():
        what = f"no session has a terminal: the container lacks {', '.join(names)} (--cap-add)"
        found.append(Obstacle(what, refuses=False))
    first_free = _text(_FIRST_FREE).strip()
    closed = capabilities.unbindable(held, ports, int(first_free)) if first_free else []
    if closed and len(closed) == len(ports):
        numbers = ", ".join(map(str, closed))
        what = f"sshd may not listen on port {numbers}: the container lacks {capabilities.BIND}"
        found.append(Obstacle(f"{what} (--cap-add)", is_chosen=False))
    return found


def _text(path: str) -> str:
    return (files.readable(Path(path)) or b"").decode(errors="replace")


def _stamp(contents: list[str], places: list[str]) -> list[Any]:
    """
    Return what the paths are like, and the day: accounts expire.
    """
    bounded = BoundedFiles(bound=key_files.BOUND)
    found: list[Any] = [int(time.time()) // DAY]
    for path in contents:
        status = _status(bounded, path)
        if status is None:
            found.append(None)
        elif stat.S_ISDIR(status[0]):
            found.append(status[3:5])
        else:
            found.append(status[3:])
    for path in places:
        status = _status(bounded, path)
        found.append(status and status[:3])
    return found


def _status(bounded: BoundedFiles, path: str) -> list[int] | None:
    """
    Return what a path is like, in the order that `_stamp` takes it apart; None for no answer.
    """

    def look() -> list[int]:
        status = os.stat(path)  # noqa: PTH116 - a string, as for the others
        return [
            *(status.st_mode, status.st_uid, status.st_gid, status.st_ino),
            *(status.st_mtime_ns, status.st_ctime_ns, status.st_size),
        ]

    try:
        found: list[int] = bounded.ask(look, path)
    except OSError:
        return None
    return found


def _kept() -> Situation | None:
    try:
        kept = json.loads(files.readable(paths.LOGIN) or b"")
        if kept["stamp"] != _stamp(kept["contents"], kept["places"]):
            return None
        return Situation(
            [Obstacle(*each) for each in kept["obstacles"]],
            list(kept["ports"]),
            [(address, port) for address, port in kept["listening"]],
            bool(kept["has_key"]),
            list(kept["authorized"]),
            list(kept["host_keys"]),
            str(kept["user"]),
        )
    except (ValueError, KeyError, TypeError):
        return None


def _keep(seen: Seen, began: int) -> None:
    """
    Write a verdict down, unless a file has changed meanwhile or just before.
    """
    bounded = BoundedFiles(bound=key_files.BOUND)
    for path in (*seen.contents, *seen.places):
        status = _status(bounded, path)
        if status and status[_CHANGED] > began - _SETTLED:
            return
    document = {
        **seen.situation._asdict(),
        "contents": seen.contents,
        "places": seen.places,
        "stamp": _stamp(seen.contents, seen.places),
    }
    with contextlib.suppress(OSError):  # a full disk: it is found out again
        paths.KEPT.mkdir(mode=0o700, parents=True, exist_ok=True)
        atomic.write(paths.LOGIN, json.dumps(document).encode(), durable=False)
