"""
sshd's host keys: each is made beside its place and moved there whole.

`python -m slipway.ssh.host_key TYPE...` has those that sshd starts with, in milliseconds. Without a
type it makes the RSA key while sshd answers already: 4096 bits take from half a second to several.
The convergence starts that and does not wait. Killed at any moment, either leaves at most a draft,
which the next convergence has replaced.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from slipway.contract import paths
from slipway.ssh import pid_file
from slipway.system import aside, atomic, early, locks, refused, words

KINDS = ("ed25519", "rsa", "ecdsa")
SLOW = "rsa"
BITS = 4096  # of an RSA key: what the hardened policies ask for
PATIENCE = 5.0  # seconds for sshd to have read its files again


def path(kind: str) -> Path:
    """
    Return the place of a private key; its public part lies beside it.
    """
    return paths.SSH / f"ssh_host_{kind}_key"


def slow_line() -> bytes:
    """
    Return the line of sshd_config(5) that has sshd offer the slow key.

    It comes with the key: sshd complains of a HostKey that is missing.
    """
    return f"HostKey {path(SLOW)}\n".encode()


def complaint(kinds: Sequence[str]) -> str:
    """
    Do what the program does; returns what kept it from that, "" for nothing.
    """
    try:
        if kinds:
            for kind in kinds:
                have(kind)
        else:
            offer_slow()
    except subprocess.CalledProcessError as error:
        said = error.stderr.decode(errors="replace")
        return f"slipway: host key: {words.said(said, program='ssh-keygen', code=error.returncode)}"
    except OSError as error:
        return f"slipway: host key: {error}"
    return ""


def have(kind: str) -> None:
    """
    Have a key with its public part. Raises OSError and CalledProcessError.

    A key that lacks the public part (sshd does without) is given it. A key that ssh-keygen can't
    read is kept as `.unusable`.
    """
    key = path(kind)
    is_there = _has_content(key)
    if is_there and _give_public_part(key):
        return
    draft = make(key, kind)
    if is_there:
        aside.keep(key, suffix="unusable")
    place(draft, key)


def offer_slow() -> None:
    """
    Make the slow key and have sshd offer it. Raises OSError and CalledProcessError.
    """
    key = path(SLOW)
    draft = make(key, SLOW)
    with locks.hold(paths.LOCK):  # a convergence sees all of what follows, or nothing
        place(draft, key)
        atomic.write(paths.SSHD_RSA_KEY, slow_line(), mode=0o644)
        reload()


def begin(kind: str) -> None:
    """
    Begin to make a key that is missing, for `make`. The lock of convergences is ours.
    """
    key = path(kind)
    with contextlib.suppress(OSError):  # a directory that takes no files
        _draft(key)
        early.begin(_maker(key, kind))


def make(key: Path, kind: str) -> Path:
    """
    Return a whole pair beside the key's place. Raises CalledProcessError.

    ssh-keygen inherits the lock that we were started under, and so keeps it should we be killed.
    """
    maker = _maker(key, kind)
    made = early.run(maker) if early.is_begun(maker) else None
    if made is None or made.returncode:
        _draft(key)
        early.run(maker).check_returncode()
    draft = Path(atomic.temporary(str(key)))
    for part in pair(draft):
        _sync(part)
    return draft


def _maker(key: Path, kind: str) -> list[str]:
    bits = ["-b", str(BITS)] if kind == "rsa" else []
    draft = atomic.temporary(str(key))
    return ["ssh-keygen", "-q", "-t", kind, *bits, "-N", "", "-C", "", "-f", draft]


def place(draft: Path, key: Path) -> None:
    """
    Move a pair into its place, public part first: a private key there always has its public part.
    """
    for source, target in reversed(list(zip(pair(draft), pair(key), strict=True))):
        _make_room(target)
        source.rename(target)


def _make_room(target: Path) -> None:
    """
    Move a directory out of a key's place: a file can't be moved over it.
    """
    if target.is_dir() and not target.is_symlink():
        aside.keep(target, suffix="unusable")


def pair(key: Path) -> tuple[Path, Path]:
    """
    Return the two files of a key.
    """
    return key, key.with_name(f"{key.name}.pub")


def reload() -> None:
    """
    Have sshd read its files again, if it runs; its sessions stay. Returns when it has.

    With files that it can't use it would end: it has said so, and the next convergence comes to it.
    """
    from slipway.ssh import copies, usable  # noqa: PLC0415 - no start waits for it

    try:
        if not usable.reload():
            return  # it does not run, and reads them when it starts
    except copies.Unusable:
        return
    pid_file.wait(since=paths.SSHD_RSA_KEY.stat().st_ctime_ns, seconds=PATIENCE)


def _has_content(key: Path) -> bool:
    with contextlib.suppress(OSError):
        return key.is_file() and key.stat().st_size > 0
    return False


def _give_public_part(key: Path) -> bool:
    """
    Give a key its public part; tells whether ssh-keygen can read the key.
    """
    with contextlib.suppress(OSError):  # it reads none that others can read; then it says so
        key.chmod(0o600)
    words = ["ssh-keygen", "-y", "-P", "", "-f", str(key)]
    done = subprocess.run(words, check=False, stdin=subprocess.DEVNULL, capture_output=True)
    if done.returncode:
        return False
    _, draft = pair(_draft(key))
    draft.write_bytes(done.stdout)
    _sync(draft)
    _make_room(pair(key)[1])
    draft.rename(pair(key)[1])
    return True


def _draft(key: Path) -> Path:
    """
    Return the place of a key's draft, cleared of what somebody killed has left there.
    """
    draft = Path(atomic.temporary(str(key)))
    for part in pair(draft):
        atomic.clear(part)
    return draft


def _sync(file: Path) -> None:
    descriptor = os.open(file, os.O_RDONLY)
    atomic.sync(descriptor)
    os.close(descriptor)


if __name__ == "__main__":
    refused.install()
    sys.exit(complaint(sys.argv[1:]) or 0)
