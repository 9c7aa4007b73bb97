"""
A public key as people know it: its type, its fingerprint, its comment.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from typing import NamedTuple

from slipway.settings import public_keys
from slipway.settings.secrecy import printable


class Description(NamedTuple):
    """
    What tells a key from others; all of it may be shown to everybody.
    """

    type: str  # as the key itself has it: "ssh-ed25519"
    blob: str
    comment: str

    @property
    def name(self) -> str:
        """
        Return its comment; what there is to know it by where it has none.
        """
        return self.comment or self.type

    @property
    def fingerprint(self) -> str:
        """
        Return it as `ssh-keygen -l` prints it.
        """
        from hashlib import sha256  # noqa: PLC0415 - no start needs it

        digest = sha256(b64decode(self.blob + "==")).digest()
        return f"SHA256:{b64encode(digest).decode().rstrip('=')}"


def of(line: str) -> Description | None:
    """
    Return the key on a line of authorized_keys; None where sshd finds none.
    """
    blob = public_keys.identity(line)
    if not blob:
        return None
    raw = b64decode(blob + "==")
    kind = raw[4 : 4 + int.from_bytes(raw[:4], "big")].decode(errors="replace")
    return Description(kind, blob, printable(line.partition(blob)[2].strip()))


def of_files(*contents: bytes) -> list[Description]:
    """
    Return the keys of several files, each once.
    """
    found: dict[str, Description] = {}
    for content in contents:
        for line in content.split(b"\n"):
            if key := of(line.decode(errors="surrogateescape")):
                found.setdefault(key.blob, key)
    return list(found.values())
