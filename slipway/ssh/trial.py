"""
A login of our own: the one proof that a login opens a session, and a terminal.

Its key pair is made for it and lives in /run. The key opens nothing but `true`, from this machine
alone, and expires. Another process takes all of it away when this one ends, however it ends.
"""

from __future__ import annotations

import os
import secrets
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

from slipway.contract import paths
from slipway.ssh.account import USER
from slipway.ssh.situation import DAY, Situation
from slipway.system import files, locks, refused

PATIENCE = 10.0  # seconds for each of its two logins
_FAILED = 255  # ssh's exit code for all that is not the command's
_PLACE = paths.RUN / "login-trial"
_ALIAS = "slipway"  # what the host's keys are known under

# $0: the place, $1: the file that has the key's line, $2: what marks it
_CLEAN = (
    'cat >/dev/null; sed -i "/ $2\\$/d" "$1" 2>/dev/null; [ -s "$1" ] || rm -f -- "$1"; '
    'rm -rf -- "$0"'
)


class Outcome(NamedTuple):
    """
    What came of it.
    """

    works: bool
    words: str


def attempt(situation: Situation) -> Outcome:
    """
    Log in as the user of the situation. Raises OSError.

    + situation: tells where sshd listens, which files of keys it reads, and its host keys
    """
    path = _file_of_ours(situation.authorized, situation.user)
    if path is None:
        words = f"not tried: sshd reads no file of Slipway's for {situation.user}"
        return Outcome(works=False, words=words)
    if not situation.listening:
        return Outcome(works=False, words="not tried: sshd does not listen")
    lock = locks.take(paths.LOCK)
    if lock is None:
        return Outcome(works=False, words="not tried: a convergence is at it")
    address, port = situation.listening[0]
    with _key(path, address, lock):
        _know_host(situation.host_keys)
        began = time.monotonic()
        who = f"{situation.user}@{address}"
        refused = _log_in(who, port, terminal=False)
        if refused:
            return Outcome(works=False, words=refused)
        took = time.monotonic() - began
        refused = _log_in(who, port, terminal=True)
    if refused:
        return Outcome(works=False, words=f"a session opens, a terminal does not: {refused}")
    return Outcome(works=True, words=f"a session and a terminal; the first in {took:.2f} s")


def _file_of_ours(authorized: Sequence[str], user: str) -> Path | None:
    """
    Return a file that sshd reads, in a directory that is ours alone and can be written to.
    """
    places = (paths.STATE, paths.RUN) if user == USER else (paths.LOGINS,)
    for path in map(Path, authorized):
        if path.parent in places and os.access(path.parent, os.W_OK):
            return path
    return None


@contextmanager
def _key(path: Path, address: str, lock: IO[bytes]) -> Iterator[None]:
    """
    Have a key pair that sshd accepts.

    The lock is the cleaner's, too: no convergence begins before all is as it was.
    """
    mark = f"slipway-trial-{secrets.token_hex(8)}"
    words = ["sh", "-c", _CLEAN, str(_PLACE), str(path), mark]
    with (
        lock,
        refused.apart(words, stdin=subprocess.PIPE, pass_fds=[lock.fileno()]),
    ):
        _PLACE.mkdir(mode=0o700, exist_ok=True)
        key = _PLACE / "key"
        key.unlink(missing_ok=True)
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", mark, "-f", str(key)]
        subprocess.run(words, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        line = f"{_options(address)} {key.with_suffix('.pub').read_text()}"
        _append(path, line)
        yield


def _options(address: str) -> str:
    ends = time.strftime("%Y%m%d", time.gmtime(time.time() + 2 * DAY))  # in sshd's own time zone
    sources = ",".join(dict.fromkeys(["127.0.0.1", address]))
    return f'restrict,pty,command="true",from="{sources}",expiry-time="{ends}"'


def _append(path: Path, line: str) -> None:
    """
    Add a line to a file that root alone writes, and that may end without a newline.
    """
    before = files.content(path) or b""
    begin = "\n" if before and not before.endswith(b"\n") else ""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("a") as stream:
        path.chmod(0o644 if path.parent == paths.LOGINS else 0o600)
        stream.write(begin + line)


def _know_host(keys: Sequence[str]) -> None:
    public = [files.readable(Path(f"{key}.pub")) or b"" for key in keys]
    lines = [f"{_ALIAS} {key.decode(errors='replace').strip()}\n" for key in public if key]
    (_PLACE / "known_hosts").write_text("".join(lines))


def _log_in(who: str, port: int, *, terminal: bool) -> str:
    """
    Run ssh; returns why it failed, "" where it did not.
    """
    settings = {
        "BatchMode": "yes",
        "IdentitiesOnly": "yes",
        "IdentityAgent": "none",
        "HostKeyAlias": _ALIAS,
        "CheckHostIP": "no",
        "StrictHostKeyChecking": "yes",
        "UserKnownHostsFile": f"{_PLACE}/known_hosts",
        "GlobalKnownHostsFile": "/dev/null",
        "LogLevel": "ERROR",
    }
    options = [word for item in settings.items() for word in ("-o", "=".join(item))]
    words = ["ssh", "-F", "none", "-tt" if terminal else "-T", "-i", f"{_PLACE}/key", *options]
    try:
        done = subprocess.run(
            [*words, "-p", str(port), who, "true"],
            check=False,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE,
        )
    except subprocess.TimeoutExpired:
        return f"no answer within {PATIENCE:.0f} s"
    if not done.returncode:
        return ""
    said = (done.stderr + done.stdout).decode(errors="replace").strip().splitlines()
    why = said[0].strip() if said else "the connection was closed without a word"
    if done.returncode == _FAILED:
        return why
    return f"the session ended with exit code {done.returncode}{f': {why}' if said else ''}"
