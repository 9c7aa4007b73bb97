"""
Which keys sshd's RevokedKeys take away: lines as in authorized_keys, or what `ssh-keygen -k` makes.
"""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Sequence

from slipway.settings import public_keys
from slipway.ssh.key_files import BOUND, KeyFile
from slipway.ssh.login import Obstacle, Subject
from slipway.system import slow
from slipway.system.bounded_files import BoundedFiles

TIMEOUT = 2.0  # seconds for ssh-keygen; it takes a hundredth of one
_KRL = b"SSHKRL\n\0"  # how a key revocation list begins (PROTOCOL.krl of OpenSSH)
_REVOKED = 1  # ssh-keygen's code where its key is


def obstacles(subject: Subject, read: Sequence[KeyFile], lists: Sequence[str]) -> list[Obstacle]:
    """
    Return what RevokedKeys have against every key that sshd would take.

    + read: the files of keys that sshd reads
    + lists: what RevokedKeys name
    """
    if not lists:
        return []
    texts = [_content(file.path) for file in read if file.types and not file.distrust]
    blobs = [blob for text in texts for blob in _blobs(text)]
    return [
        subject.obstacle("RevokedKeys", f"RevokedKeys {path} has every key")
        for path in lists
        if are_all(blobs, path)
    ]


def are_all(blobs: Sequence[str], path: str) -> bool:
    """
    Tell whether every one of these keys is revoked; False for no key, and where it can't be known.

    + blobs: the keys in base64, as their lines have them
    + path: what RevokedKeys names
    """
    content = _content(path)
    if content.startswith(_KRL):
        return bool(blobs) and all(_is_listed(blob, path) for blob in blobs)
    return bool(blobs) and set(_blobs(content)).issuperset(blobs)


def _content(path: str) -> bytes:
    try:
        return BoundedFiles(bound=BOUND).read(path)
    except OSError:
        return b""


def _blobs(content: bytes) -> list[str]:
    lines = content.decode(errors="surrogateescape").splitlines()
    return [blob for blob in map(public_keys.identity, lines) if blob]


def _is_listed(blob: str, path: str) -> bool:
    raw = base64.b64decode(blob)
    kind = raw[4 : 4 + int.from_bytes(raw[:4], "big")]
    words = ["ssh-keygen", "-Q", "-f", path, "/dev/stdin"]
    key = b"%s %s\n" % (kind, blob.encode())
    try:
        done = slow.run(words, patience=TIMEOUT, given=key)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == _REVOKED
