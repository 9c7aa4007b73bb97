"""
Whether a session with a terminal comes to a prompt: tried once for each change of what it reads.

slipway.ssh.terminal_session tries it, and goes on beside health where that takes its time.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import signal
import stat
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from slipway.contract import paths
from slipway.ssh import shells, terminal_session
from slipway.ssh.account import Account
from slipway.ssh.login import Obstacle
from slipway.ssh.terminal_session import ENDS, LINE, PROMPT, SOON, UNKNOWN, WAITS, Asked, Came
from slipway.system import files, locks, processes
from slipway.system.bounded_files import BoundedFiles

_PATIENCE = SOON + 1.4  # seconds, in which one that waits is seen to
_AGAIN = 30.0  # seconds after which one that failed is tried again: nobody tells what may mend it
_AFTERWARDS = 1.2  # seconds that are left for what comes after it
_BOUND = 1.0  # seconds for a look at a file, and for a process to end
_RESCUE = "try `ssh -t HOST 'bash --norc'`"
_ENDING = r"(?:^|[;&|(){]|\b(?:then|do|else)\b)\s*(?:exit|logout|exec|kill|return)\b"


class Begun(NamedTuple):
    """
    Who tries it: a process, and a pipe that is open as long as that is at it.
    """

    pid: int
    pipe: int


def begin(account: Account, files_read: Sequence[list[Any]]) -> Begun | None:
    """
    Have it tried, unless that is known already, or somebody is at it. Raises OSError.

    + files_read: by the shell at a terminal, each with what it is like
    """
    if not shells.is_common(account.shell):
        return None
    stamp = _stamp(account, files_read)
    came, tried = _kept(stamp)
    is_over = came.how in (ENDS, WAITS) and time.time() > tried + _AGAIN
    if not came.is_final or (tried and not is_over):
        return None
    asked = Asked(account.name, account.uid, account.gid, account.home, account.shell, stamp)
    paths.KEPT.mkdir(mode=0o700, parents=True, exist_ok=True)
    _end_other()
    reading, writing = os.pipe()
    pid = os.fork()  # a program of its own would take as much memory again
    if pid == 0:
        terminal_session.alone(asked, writing)
    os.close(writing)
    return Begun(pid, reading)


def look(
    account: Account, files_read: Sequence[list[Any]], begun: Begun | None, *, deadline: float
) -> list[Obstacle]:
    """
    Return what keeps a terminal from its prompt, as far as that is known in time.

    + deadline: on the monotonic clock
    """
    if begun:
        left = max(0.0, min(_PATIENCE, deadline - time.monotonic() - _AFTERWARDS))
        has_ended = select.select([begun.pipe], [], [], left)[0]
        os.close(begun.pipe)
        if has_ended:
            os.waitpid(begun.pid, 0)  # else it goes on by itself
    came, _ = _kept(_stamp(account, files_read))
    return _obstacles(came, [path for path, _ in files_read])


def is_settled(account: Account, files_read: Sequence[list[Any]]) -> bool:
    """
    Tell whether a shell is known to come to its prompt, or nothing can be known of it.
    """
    came, tried = _kept(_stamp(account, files_read))
    is_known = bool(tried) and came.is_final and came.how in (PROMPT, LINE, UNKNOWN)
    return is_known or not shells.is_common(account.shell)


def _stamp(account: Account, files_read: Sequence[list[Any]]) -> list[Any]:
    return [account.name, account.uid, account.home, account.shell, *files_read]


def _end_other() -> None:
    """
    End one that is at what the files were before.
    """
    if locks.is_held(paths.TERMINAL_LOCK):
        pid = files.shown(paths.TERMINAL_LOCK).strip()
        if pid.isdecimal():
            processes.send(int(pid), signal.SIGKILL)
            locks.wait(paths.TERMINAL_LOCK, seconds=_BOUND)


def _kept(stamp: list[Any]) -> tuple[Came, float]:
    """
    Return what is known, and since when: 0 for never.
    """
    try:
        of, how, words, is_final, tried = json.loads(files.readable(paths.TERMINAL) or b"")
        if of == stamp:
            return Came(str(how), str(words), is_final=bool(is_final)), float(tried)
    except (ValueError, TypeError):
        pass
    return Came(UNKNOWN), 0.0


def _obstacles(came: Came, files_read: Sequence[str]) -> list[Obstacle]:
    if came.how == LINE:
        what = "a session with a terminal asks for a line before its prompt"
        return [Obstacle(what, _newest(files_read), refuses=False)]
    if came.how not in (ENDS, WAITS):
        return []
    what = f"no session has a terminal: its shell {came.words}; {_RESCUE}"
    place = _newest(files_read)
    if came.how == ENDS and (number := _ending(place)):
        place += f" line {number}"
    return [Obstacle(what, place, refuses=False, is_chosen=False)]


def _newest(names: Sequence[str]) -> str:
    """
    Return the file that has changed last; "" where none is there.
    """
    bounded = BoundedFiles(bound=_BOUND)

    def changed(name: str) -> float:
        with contextlib.suppress(OSError):
            if stat.S_ISREG(bounded.stat(name).mode):
                return float(bounded.ask(lambda: os.stat(name).st_ctime, name))  # noqa: PTH116 - a string
        return 0

    newest = max(names, key=changed, default="")
    return newest if newest and changed(newest) else ""


def _ending(path: str) -> int:
    """
    Return the number of the one line that may end a shell; 0 for none, or several.
    """
    lines = files.shown(path).splitlines()
    found = [number for number, line in enumerate(lines, 1) if re.search(_ENDING, line)]
    return found[0] if len(found) == 1 else 0
