"""
The files that sshd looks for keys in: what is in them, and whether sshd trusts them.

StrictModes asks for files and directories that nobody but root may write to, from the file up to
the home directory, or to / for a file outside of it (sshd_config(5)).
"""

from __future__ import annotations

import contextlib
import os
import stat
from base64 import b64decode
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from slipway.settings import public_keys
from slipway.ssh.account import USER
from slipway.system.bounded_files import BoundedFiles

BOUND = 1.0  # seconds for a look: health has few
_OTHERS, _GROUP = 0o002, 0o020
_SIGNATURES = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256", "ssh-rsa")}


class KeyFile(NamedTuple):
    """
    One of the files.
    """

    path: str
    types: frozenset[str]  # of the keys in it: "ssh-ed25519"
    has_authority: bool  # a key in it signs others' (cert-authority)
    distrust: str  # why sshd ignores it; "" where it does not


def expanded(name: str, home: str) -> str:
    """
    Return the path that an entry of AuthorizedKeysFile stands for.
    """
    for token, value in (("%h", home), ("%u", USER), ("%U", "0"), ("%%", "%")):
        name = name.replace(token, value)
    return name if name.startswith("/") else f"{home}/{name}"


def look(path: str, *, home: str, strict: bool, is_private: Callable[[int], bool]) -> KeyFile:
    """
    Return what is at a path, whatever it is.

    + strict: StrictModes
    + is_private: whether root is a group's only member
    """
    bounded = BoundedFiles(bound=BOUND)
    try:
        mode = bounded.stat(path).mode
        if not stat.S_ISREG(mode):
            kind = "a directory" if stat.S_ISDIR(mode) else "no regular file"
            return KeyFile(path, frozenset(), has_authority=False, distrust=f"{path} is {kind}")
        content = bounded.read(path)
    except FileNotFoundError:
        return KeyFile(path, frozenset(), has_authority=False, distrust="")
    except OSError as error:
        distrust = f"{path}: {error.strerror}"
        return KeyFile(path, frozenset(), has_authority=False, distrust=distrust)
    types, has_authority = _keys(content)
    distrust = _distrust(path, home, is_private) if strict else ""
    return KeyFile(path, types, has_authority, distrust)


def signatures(kind: str) -> tuple[str, ...]:
    """
    Return the names that PubkeyAcceptedAlgorithms may have for a type of key.
    """
    return _SIGNATURES.get(kind, (kind,))


def above(path: str, home: str) -> Iterator[str]:
    """
    Go through the file and the directories that StrictModes looks at.
    """
    bounded = BoundedFiles(bound=BOUND)
    try:
        place, top = bounded.realpath(path), bounded.realpath(home)
    except OSError:  # no answer
        place, top = path, home
    yield place
    while place not in ("/", top):
        place = os.path.dirname(place)  # noqa: PTH120 - strings throughout
        yield place


def is_empty(files: Sequence[KeyFile]) -> bool:
    """
    Tell whether there is no key in any of them, trusted or not.
    """
    return not any(file.types for file in files)


def _distrust(path: str, home: str, is_private: Callable[[int], bool]) -> str:
    bounded = BoundedFiles(bound=BOUND)
    for place in above(path, home):
        with contextlib.suppress(OSError):
            status = bounded.stat(place)
            mode = stat.S_IMODE(status.mode)
            if status.uid:
                return f"{place} belongs to user {status.uid}, not to root"
            if mode & _OTHERS or (mode & _GROUP and not is_private(status.gid)):
                return f"{place} can be written to by others than root (mode {mode:o})"
    return ""


def _keys(content: bytes) -> tuple[frozenset[str], bool]:
    types, has_authority = set(), False
    for line in content.split(b"\n"):
        text = line.decode(errors="surrogateescape")
        if blob := public_keys.identity(text):
            raw = b64decode(blob + "==")
            types.add(raw[4 : 4 + int.from_bytes(raw[:4], "big")].decode(errors="replace"))
            has_authority = has_authority or "cert-authority" in text.partition(blob)[0].lower()
    return frozenset(types), has_authority
