"""
The key of a login of our own.

It is made for one trial and lives in /run. It opens nothing but one command, from this machine
alone, and expires. Another process takes all of it away when this one ends, however it ends.
"""

from __future__ import annotations

import secrets
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from slipway.contract import paths
from slipway.ssh import banner
from slipway.ssh.account import DAY
from slipway.system import files, refused

PLACE = paths.TRIAL / "pair"
CODE = 42  # of the one command: a session that ends otherwise has not run it
_OF_USERS = (paths.LOGINS, paths.TRIALS)  # sshd reads their files as the user who logs in

# $0: the place, $1: the file that has the key's line, $2: what marks it
_CLEAN = (
    'cat >/dev/null; sed -i "/ $2\\$/d" "$1" 2>/dev/null; [ -s "$1" ] || rm -f -- "$1"; '
    'rm -rf -- "$0"'
)


@contextmanager
def accepted(path: Path, address: str, lock: IO[bytes]) -> Iterator[None]:
    """
    Have a key pair that sshd accepts.

    The lock is the cleaner's, too: no convergence begins before all is as it was.
    """
    mark = f"slipway-trial-{secrets.token_hex(8)}"
    words = ["sh", "-c", _CLEAN, str(PLACE), str(path), mark]
    with (
        lock,
        refused.apart(words, stdin=subprocess.PIPE, pass_fds=[lock.fileno()]),
    ):
        PLACE.mkdir(mode=0o700, exist_ok=True)
        key = PLACE / "key"
        key.unlink(missing_ok=True)
        words = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", mark, "-f", str(key)]
        subprocess.run(words, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        line = f"{_options(address)} {key.with_suffix('.pub').read_text()}"
        _append(path, line)
        yield


def _options(address: str) -> str:
    ends = time.strftime("%Y%m%d", time.gmtime(time.time() + 2 * DAY))  # in sshd's own time zone
    sources = ",".join(dict.fromkeys(["127.0.0.1", banner.ADDRESS, address]))
    command = f"/bin/true && exit {CODE}"  # with room for a program
    return f'restrict,pty,user-rc,command="{command}",from="{sources}",expiry-time="{ends}"'


def _append(path: Path, line: str) -> None:
    """
    Add a line to a file that root alone writes, and that may end without a newline.
    """
    before = files.content(path) or b""
    begin = "\n" if before and not before.endswith(b"\n") else ""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("a") as stream:
        path.chmod(0o644 if path.parent in _OF_USERS else 0o600)
        stream.write(begin + line)
