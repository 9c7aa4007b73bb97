"""
The files that sshd looks for keys in: what is in them, and whether sshd trusts them.

StrictModes asks for files and directories that nobody but root and the user may write to, from
the file up to the home directory, or to / for a file outside of it (sshd_config(5)).
"""

from __future__ import annotations

import calendar
import contextlib
import os
import stat
import time
from base64 import b64decode
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from slipway.contract import paths
from slipway.settings import public_keys
from slipway.ssh.account import Account
from slipway.system import bounded_files
from slipway.system.bounded_files import BoundedFiles

BOUND = 1.0  # seconds for a look: health has few
_OTHERS, _GROUP = 0o002, 0o020
_FORMS = {8: 6, 12: 10, 14: 12}  # digits of a time, and how much of its form they have
_SIGNATURES = {"ssh-rsa": ("rsa-sha2-512", "rsa-sha2-256", "ssh-rsa")}


class KeyFile(NamedTuple):
    """
    One of the files.
    """

    path: str
    types: frozenset[str]  # of the keys in it: "ssh-ed25519"
    has_authority: bool  # a key in it signs others' (cert-authority)
    distrust: str  # why sshd ignores it; "" where it does not
    is_unknown: bool = False  # what is in it can't be told
    has_expired: bool = False  # all that is in it


def contents() -> list[bytes]:
    """
    Return what the files of root's keys hold, as far as each can be read.
    """
    return [bounded_files.readable(str(path)) for path in paths.KEY_FILES]


def holds_key(path: str) -> bool:
    """
    Tell whether a file that can be read has a key in it, whoever trusts it.
    """
    files = BoundedFiles(bound=BOUND)
    try:
        return stat.S_ISREG(files.stat(path).mode) and public_keys.any_valid(files.read(path))
    except OSError:
        return False


def expanded(name: str, owner: Account) -> str:
    """
    Return the path that an entry of AuthorizedKeysFile stands for.
    """
    for token, value in (
        ("%h", owner.home),
        ("%u", owner.name),
        ("%U", str(owner.uid)),
        ("%%", "%"),
    ):
        name = name.replace(token, value)
    return name if name.startswith("/") else f"{owner.home}/{name}"


def look(path: str, *, owner: Account, strict: bool, is_private: Callable[[int], bool]) -> KeyFile:
    """
    Return what is at a path, whatever it is.

    + strict: StrictModes
    + owner: whose login it is about; sshd reads the file as he
    + is_private: whether he is a group's only member
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
        return KeyFile(path, frozenset(), has_authority=False, distrust=distrust, is_unknown=True)
    types, has_authority, has_expired = _keys(content, time.time())
    distrust = _distrust(path, owner, is_private) if strict else ""
    distrust = distrust or _unreadable(path, owner)
    return KeyFile(path, types, has_authority, distrust, has_expired=has_expired)


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
    return not any(file.types or file.is_unknown for file in files)


def _distrust(path: str, owner: Account, is_private: Callable[[int], bool]) -> str:
    bounded = BoundedFiles(bound=BOUND)
    for place in above(path, owner.home):
        with contextlib.suppress(OSError):
            status = bounded.stat(place)
            mode = stat.S_IMODE(status.mode)
            if status.uid not in (0, owner.uid):
                return f"{place} belongs to user {status.uid}, not to {owner.name}"
            if mode & _OTHERS or (mode & _GROUP and not is_private(status.gid)):
                return f"{place} can be written to by others than {owner.name} (mode {mode:o})"
    return ""


def _unreadable(path: str, owner: Account) -> str:
    """
    Say that the user can't read it. sshd reads it as that user, and root reads everything.
    """
    if not owner.uid:
        return ""
    bounded = BoundedFiles(bound=BOUND)
    try:
        status, folder = bounded.stat(path), bounded.stat(os.path.dirname(path))  # noqa: PTH120
    except OSError:
        return ""
    for place, bits in ((status, 0o4), (folder, 0o1)):
        shift = 6 if place.uid == owner.uid else 0
        if not (place.mode >> shift) & bits:
            return f"{owner.name} can't read {path}"
    return ""


def _keys(content: bytes, now: float) -> tuple[frozenset[str], bool, bool]:
    types, has_authority, has_expired = set(), False, False
    for line in content.split(b"\n"):
        text = line.decode(errors="surrogateescape")
        if not (blob := public_keys.identity(text)):
            continue
        if _is_over(public_keys.expiry(text), now):
            has_expired = True
            continue
        raw = b64decode(blob + "==")
        types.add(raw[4 : 4 + int.from_bytes(raw[:4], "big")].decode(errors="replace"))
        has_authority = has_authority or "cert-authority" in text.partition(blob)[0].lower()
    return frozenset(types), has_authority, has_expired and not types


def _is_over(expiry: str, now: float) -> bool:
    """
    Tell whether a time of expiry-time has come: local time, or UTC with a Z (sshd(8)).
    """
    digits = expiry.rstrip("zZ")
    if not digits:
        return False
    form = "%Y%m%d%H%M%S"[: _FORMS[len(digits)]]
    given = time.strptime(digits, form)
    ends = calendar.timegm(given) if digits != expiry else time.mktime(given)
    return now >= ends
