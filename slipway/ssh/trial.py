"""
A login of our own: the one proof that a login opens a session, and a terminal.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import IO, NamedTuple

from slipway.contract import paths
from slipway.ssh import banner, configuration, trial_key
from slipway.ssh.account import USER
from slipway.ssh.login import Obstacle
from slipway.ssh.situation import Situation
from slipway.ssh.stuck import Stuck
from slipway.system import atomic, files, locks

PATIENCE = 10.0  # seconds for each of doctor's two logins, where it hangs,
_SLOWEST = 30.0  # and where it is slow
_SHORT = 1.5  # seconds for health's that hangs. Health has few:
_LEAST = 0.5  # with no more than these it is not worth a try,
_AFTERWARDS = 1.0  # and these are left for what comes after it
_BETWEEN = 0.05  # seconds between two looks at a lock
_AGAIN = 0.2  # seconds after which it is tried once more: sshd may just read its files again
_FAILED = 255  # ssh's exit code for all that is not the command's
_ABOUT_HOST = "Warning: Permanently added"  # its key, to no file
_LISTS = {
    "no matching cipher": "Ciphers",
    "no matching MAC": "MACs",
    "no matching key exchange": "KexAlgorithms",
    "no matching host key": "HostKeyAlgorithms",
}


class Outcome(NamedTuple):
    """
    What came of it.
    """

    works: bool
    words: str
    is_known: bool = True  # it was tried, and came to an end or hangs
    has_ended: bool = True


_UNKNOWN = Outcome(works=False, words="", is_known=False)


def attempt(situation: Situation) -> Outcome:
    """
    Log in as the user of the situation, without a terminal and with one. Raises OSError.

    + situation: tells where sshd listens, and which files of keys it reads
    """
    path = _file_of_ours(situation)
    if isinstance(path, Outcome):
        return path
    is_ours = path.parent == paths.TRIALS
    lock = _lock(time.monotonic() + PATIENCE) if is_ours else locks.take(paths.LOCK)
    if lock is None:
        at_it = "another trial" if is_ours else "a convergence"
        return Outcome(works=False, words=f"not tried: {at_it} is at it")
    address, port = situation.listening[0]
    with trial_key.accepted(path, address, lock):
        began = time.monotonic()
        command = _words(situation.user, address, port)
        runs = situation.runs_commands
        session = _log_in([*command, "-T"], PATIENCE, began + _SLOWEST, runs_commands=runs)
        if not session.works:
            return session
        ended = time.monotonic()
        terminal = _log_in([*command, "-tt"], PATIENCE, ended + _SLOWEST, runs_commands=runs)
    if not terminal.works:
        why = f"a session opens, a terminal does not: {terminal.words}"
        return Outcome(works=False, words=why)
    words = f"a session and a terminal; the first in {ended - began:.2f} s"
    return Outcome(works=True, words=words)


def prove(situation: Situation, *, deadline: float) -> Outcome:
    """
    Log in as health does: in a short time, and without a trace in sshd's log. Raises OSError.

    What hangs is ended: one more would be left each time. One that has the processor is slow, and
    nothing is known of it.

    + deadline: on the monotonic clock
    """
    path = _file_of_ours(situation)
    if isinstance(path, Outcome) or path.parent != paths.TRIALS:
        return _UNKNOWN
    began = time.time_ns()
    if (lock := _lock(deadline - _LEAST)) is None:
        return _UNKNOWN
    if (told := _told(began)) is not None:  # by whoever had the lock
        lock.close()
        return told
    until = deadline - _AFTERWARDS
    if until - time.monotonic() < _LEAST:
        lock.close()
        return _UNKNOWN
    with trial_key.accepted(path, situation.listening[0][0], lock):
        found = _proved(situation, until)
        with contextlib.suppress(OSError):
            paths.KEPT.mkdir(mode=0o700, parents=True, exist_ok=True)
            atomic.write(paths.TRIED, json.dumps(found).encode(), durable=False)
    return found


def _proved(situation: Situation, until: float) -> Outcome:
    address, port = situation.listening[0]
    words, runs = [*_words(situation.user, address, port), "-T"], situation.runs_commands
    found = _log_in(words, _SHORT, until, runs_commands=runs)
    if found.works or not found.has_ended or time.monotonic() + _AGAIN + _LEAST > until:
        return found
    time.sleep(_AGAIN)
    return _log_in(words, _SHORT, until, runs_commands=runs)


def _lock(deadline: float) -> IO[bytes] | None:
    """
    Wait for the lock as long as there is time.
    """
    while (lock := locks.take(paths.TRIALS_LOCK)) is None and time.monotonic() < deadline:
        time.sleep(_BETWEEN)
    return lock


def _told(since: int) -> Outcome | None:
    """
    Return what another process has found out meanwhile.
    """
    try:
        if paths.TRIED.stat().st_mtime_ns < since:
            return None
        return Outcome(*json.loads(files.readable(paths.TRIED) or b""))
    except (OSError, ValueError, TypeError):
        return None


def obstacle(outcome: Outcome) -> Obstacle:
    """
    Return what a login that failed says; a list of algorithms is somebody's choice.
    """
    for words, keyword in _LISTS.items():
        offer = outcome.words.rpartition("offer: ")[2].strip()
        if words not in outcome.words or not offer:
            continue
        for line in configuration.read().lines:
            if line.keyword == keyword.lower():
                what = f"{keyword} leaves nothing that an OpenSSH client offers: {offer}"
                return Obstacle(what, line.place)
    return Obstacle(f"a login of Slipway's own failed: {outcome.words}", is_chosen=False)


def _file_of_ours(situation: Situation) -> Path | Outcome:
    """
    Return a file that sshd reads, in a directory that is ours alone and can be written to.
    """
    user = situation.user
    places = [paths.TRIALS, *((paths.STATE, paths.RUN) if user == USER else (paths.LOGINS,))]
    with contextlib.suppress(OSError):
        paths.TRIALS.mkdir(parents=True, exist_ok=True)
        for place in (paths.TRIAL, paths.TRIALS):  # sshd comes there as the user who logs in
            place.chmod(0o755)
    authorized = list(map(Path, situation.authorized))
    for place in places:
        for path in authorized:
            if path.parent == place and os.access(place, os.W_OK):
                if situation.listening:
                    return path
                return Outcome(works=False, words="not tried: sshd does not listen")
    words = f"not tried: sshd reads no file of Slipway's for {user}"
    return Outcome(works=False, words=words)


def _words(user: str, address: str, port: int) -> list[str]:
    settings = {
        "BatchMode": "yes",
        "IdentitiesOnly": "yes",
        "IdentityAgent": "none",
        "StrictHostKeyChecking": "no",  # it is this machine, and the key opens nothing elsewhere
        "UserKnownHostsFile": "/dev/null",
        "GlobalKnownHostsFile": "/dev/null",
    }
    options = [word for item in settings.items() for word in ("-o", "=".join(item))]
    words = [
        "ssh",
        "-F",
        "none",
        "-i",
        f"{trial_key.PLACE}/key",
        "-E",
        f"{trial_key.PLACE}/log",
        *options,
    ]
    words += [] if ":" in address else ["-b", banner.ADDRESS]
    return [*words, "-p", str(port), "-l", user, address]


def _log_in(words: Sequence[str], patience: float, until: float, *, runs_commands: bool) -> Outcome:
    """
    Run ssh.

    + words: without the command, which is the key's
    + patience: seconds for what hangs
    + until: on the monotonic clock, for what is slow
    + runs_commands: whether the session's exit code is the command's
    """
    log = trial_key.PLACE / "log"
    log.write_bytes(b"")
    with subprocess.Popen(
        words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as ssh:
        try:
            code = _ended(ssh, patience, until)
        except BaseException:  # health's own bound
            Stuck(banner.ADDRESS).end()
            raise
        finally:
            ssh.kill()
    if isinstance(code, Outcome):
        return code
    if code == trial_key.CODE or not (code or runs_commands):
        return Outcome(works=True, words="")
    if code != _FAILED:
        words = f"the session ended with exit code {code} before any command"
        return Outcome(works=False, words=words, is_known=runs_commands)
    lines = files.text(log).strip().splitlines()
    said = [line for line in lines if not line.startswith(_ABOUT_HOST)]
    words = said[-1].strip() if said else "the connection was closed without a word"
    return Outcome(works=False, words=words)


def _ended(ssh: subprocess.Popen[bytes], patience: float, until: float) -> int | Outcome:
    """
    Return ssh's exit code, or where a login is that has not come to its end; that is ended.
    """
    began = time.monotonic()
    while True:
        try:
            return ssh.wait(max(0.0, min(patience, until - time.monotonic())))
        except subprocess.TimeoutExpired:
            took = time.monotonic() - began
            stuck = Stuck(banner.ADDRESS, client=[ssh.pid])
            is_slow = stuck.is_served and stuck.works()
            if is_slow and time.monotonic() < until:
                continue
        where = stuck.where()
        stuck.end()
        words = f"it had not ended after {took:.1f} s"
        words += f": {where}" if where else ""
        return Outcome(
            works=False, words=words, is_known=stuck.is_served and not is_slow, has_ended=False
        )
