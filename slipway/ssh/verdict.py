"""
Could root, or who logs in for him, open a session now: the verdict, kept until a file changes.

`sshd -T` takes ten milliseconds of a processor, which health has not to spend every few seconds. So
what is judged from files is kept in /run beside what those were like. The capabilities of the sshd
that runs are looked at each time. What files say is not all there is: a login of our own proves the
verdict, once for each that is judged.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import subprocess
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from slipway.contract import paths
from slipway.ssh import banner, capabilities, key_files, logins, pam, situation
from slipway.ssh.account import DAY, Account
from slipway.ssh.login import Obstacle
from slipway.ssh.situation import Situation
from slipway.system import atomic, files
from slipway.system.bounded_files import BoundedFiles

if TYPE_CHECKING:
    from slipway.ssh.terminal import Begun

_SETTLED = 50_000_000  # nanoseconds: a clock's tick, within which a second change is not seen
_BOUND = 4.0  # seconds
_CHANGED = 5  # of what `_status` returns: ctime
_OF_TERMINALS = ("session with a terminal", "no session has a terminal")
_FIRST_FREE = "/proc/sys/net/ipv4/ip_unprivileged_port_start"


class Kept(NamedTuple):
    """
    A verdict, and whether a login of our own has proved it.
    """

    situation: Situation
    contents: list[str]
    places: list[str]
    stamp: list[Any]  # what the paths were like
    account: Account
    start_up: list[str]  # of the paths: what its shell reads at a terminal
    is_proved: bool = False

    @property
    def start_up_stamp(self) -> list[Any]:
        """Return what those are like."""
        return [[path, self.stamp[1 + self.contents.index(path)]] for path in self.start_up]


def look(
    *, keep: bool, pid: int | None = None, proves: bool = True, deadline: float | None = None
) -> Situation:
    """
    Return the verdict.

    + keep: write it down for the next time
    + pid: sshd's, whose capabilities count; 0 where none runs, and then ours do
    + proves: try a login where it is said to be possible, and none has proved it so far
    + deadline: on the monotonic clock, for that login
    """
    kept = _kept()
    if kept is None:
        began = time.time_ns()
        seen = situation.judged(logins.promised())
        stamp = _stamp(seen.contents, seen.places)
        kept = Kept(seen.situation, *seen[1:3], stamp, *seen[3:])
        keep = keep and _is_settled(kept, began)
        if keep:
            _keep(kept)
    found = kept.situation
    more = _of_capabilities(found.ports, str(pid or "self")) + _of_terminals()
    known = [
        each._replace(refuses=True) if pid == 0 and _is_unusable(each) else each
        for each in found.obstacles
    ]
    theirs = [each._replace(user=found.user) for each in more]
    found = found._replace(obstacles=[*known, *theirs])
    if not pid or not _can_be_proved(found):
        return found
    deadline = deadline or time.monotonic() + _BOUND
    begun = _terminal_begun(kept)
    if proves and not kept.is_proved:
        found = _proved(found, kept, keep=keep, deadline=deadline)
    return _with_terminal(found, kept, begun, deadline)


def _can_be_proved(found: Situation) -> bool:
    return found.has_key and found.admits_us and found.is_possible


def _proved(found: Situation, kept: Kept, *, keep: bool, deadline: float) -> Situation:
    """
    Add what a login of our own comes to, where that is known.
    """
    from slipway.ssh import trial  # noqa: PLC0415 - only where it is needed

    try:
        outcome = trial.prove(found, deadline=deadline)
    except (OSError, subprocess.SubprocessError):  # no ssh, a full disk, no locks: no proof
        return found
    if outcome.works and keep:
        _keep(kept._replace(is_proved=True))
    if outcome.works or not outcome.is_known or (outcome.has_ended and _is_refused_here(found)):
        return found
    refusal = trial.obstacle(outcome)._replace(user=found.user)
    return found._replace(obstacles=[*found.obstacles, refusal])


def _has_none(found: Situation) -> bool:
    """
    Tell whether something is known that costs a session its terminal.
    """
    return any(words in each.what for each in found.obstacles for words in _OF_TERMINALS)


def _terminal_begun(kept: Kept) -> Begun | None:
    """
    Have a session with a terminal tried, where no file is known that costs one.
    """
    if _has_none(kept.situation):
        return None
    from slipway.ssh import terminal  # noqa: PLC0415 - only where it is needed

    try:
        return terminal.begin(kept.account, kept.start_up_stamp)
    except (OSError, subprocess.SubprocessError):
        return None


def _with_terminal(found: Situation, kept: Kept, begun: Begun | None, deadline: float) -> Situation:
    """
    Add what keeps a session with a terminal from its prompt, where nothing else is known to.
    """
    if not found.is_possible or _has_none(found):
        return found
    from slipway.ssh import terminal  # noqa: PLC0415 - likewise

    more = terminal.look(kept.account, kept.start_up_stamp, begun, deadline=deadline)
    theirs = [each._replace(user=found.user) for each in more]
    return found._replace(obstacles=[*found.obstacles, *theirs])


def _is_terminal_settled(kept: Kept) -> bool:
    from slipway.ssh import terminal  # noqa: PLC0415 - likewise

    return terminal.is_settled(kept.account, kept.start_up_stamp)


def _is_refused_here(found: Situation) -> bool:
    """
    Tell whether PAM has something against this machine alone.
    """
    return pam.refusal(found.user, address=banner.ADDRESS, shell="") is not None


def rests_on() -> tuple[list[str], list[str]] | None:
    """
    Return the paths that the verdict which is kept was judged from; None where none is kept.

    Of the second ones owner and mode alone count.
    """
    kept = _kept()
    if kept is None:
        return None
    if _can_be_proved(kept.situation) and not (kept.is_proved and _is_terminal_settled(kept)):
        return None
    return kept.contents, kept.places


def _is_unusable(obstacle: Obstacle) -> bool:
    """
    Tell whether sshd can't use its configuration: one that runs goes on as it is, none starts.
    """
    return obstacle.what.startswith(situation.UNUSABLE)


def _of_capabilities(ports: list[int], process: str) -> list[Obstacle]:
    held = capabilities.mask(files.shown(f"/proc/{process}/status"))
    found = []
    if names := capabilities.missing(held, capabilities.SESSION):
        what = f"the container lacks the capabilities {', '.join(names)} (--cap-add)"
        found.append(Obstacle(what, is_chosen=False))
    names = capabilities.missing(held, capabilities.TERMINAL)
    if names and capabilities.is_audited():
        what = f"no session has a terminal: the container lacks {', '.join(names)} (--cap-add)"
        found.append(Obstacle(what, refuses=False))
    first_free = files.shown(_FIRST_FREE).strip()
    closed = capabilities.unbindable(held, ports, int(first_free)) if first_free else []
    if closed and len(closed) == len(ports):
        numbers = ", ".join(map(str, closed))
        what = f"sshd may not listen on port {numbers}: the container lacks {capabilities.BIND}"
        found.append(Obstacle(f"{what} (--cap-add)", is_chosen=False))
    return found


def _of_terminals() -> list[Obstacle]:
    """
    Find whether there is a terminal for a session: pty(7).
    """
    try:
        for descriptor in os.openpty():
            os.close(descriptor)
    except OSError as error:
        what = f"no session has a terminal: {error.strerror} (/dev/ptmx, /dev/pts)"
        return [Obstacle(what, refuses=False, is_chosen=False)]
    return []


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


def _kept() -> Kept | None:
    try:
        document = json.loads(files.readable(paths.LOGIN) or b"")
        kept = Kept(*document)
        if kept.stamp != _stamp(kept.contents, kept.places):
            return None
        found = Situation(*kept.situation)
        obstacles = [Obstacle(*each) for each in found.obstacles]
        listening = [(address, port) for address, port in found.listening]
        account = Account(*kept.account)
    except (ValueError, KeyError, TypeError):
        return None
    found = found._replace(obstacles=obstacles, listening=listening)
    return kept._replace(situation=found, account=account)


def _is_settled(kept: Kept, began: int) -> bool:
    """
    Tell whether no file has changed meanwhile or just before: it may again, within the same tick.
    """
    bounded = BoundedFiles(bound=key_files.BOUND)
    found = (_status(bounded, path) for path in (*kept.contents, *kept.places))
    return not any(status and status[_CHANGED] > began - _SETTLED for status in found)


def _keep(kept: Kept) -> None:
    with contextlib.suppress(OSError):  # a full disk: it is found out again
        paths.KEPT.mkdir(mode=0o700, parents=True, exist_ok=True)
        atomic.write(paths.LOGIN, json.dumps(kept).encode(), durable=False)
