"""
POSIX access control lists (setfacl(1)).
"""

from __future__ import annotations

from collections.abc import Generator

from pyinfra import host
from pyinfra.api import QuoteString, StringCommand

from slipway.facts.acl import Acl, AclObstacle, ExtendedAcls
from slipway.facts.mounts import Mounts
from slipway.operations import foresight
from slipway.operations.degraded import degrade
from slipway.operations.independent import operation
from slipway.operations.mounted import why_fixed


@operation()
def default(*, path: str, uid: int, feature: str) -> Generator[StringCommand]:
    """
    Give a user a default entry on one directory, and so on everything made in it later.

    + path: the directory; what is in it already is left alone
    + uid: whose entry
    + feature: what is degraded where the file system has no ACLs or is read-only
    """
    wanted = _entries(uid, "default:")
    if wanted <= host.get_fact(Acl, path=path):
        host.noop(f"{path} has the default entry of uid {uid}")
        return
    if obstacle := _obstacle(path):
        degrade(feature, f"{path}: {obstacle}")
        return
    foresight.change(path, f"no default ACL entry of uid {uid}")
    yield _given(path, uid, "-d")


@operation()
def shared(*, path: str, uid: int, feature: str) -> Generator[StringCommand]:
    """
    Let a user write in a directory that is another's, and in everything made in it later.

    + path: the directory; what is in it already is left alone
    + uid: whose entries
    + feature: what is degraded where the file system has no ACLs or is read-only
    """
    wanted = _entries(uid) | _entries(uid, "default:")
    if wanted <= host.get_fact(Acl, path=path):
        host.noop(f"uid {uid} may write in {path}")
        return
    if obstacle := _obstacle(path):
        degrade(feature, f"{path} is not uid {uid}'s, who can't write there: {obstacle}")
        return
    foresight.change(path, f"no ACL entries that let uid {uid} write")
    yield StringCommand(_given(path, uid), "&&", _given(path, uid, "-d"))


def _entries(uid: int, kind: str = "") -> set[str]:
    return {f"{kind}user:{uid}:rwx", f"{kind}mask::rwx"}


def _obstacle(path: str) -> str:
    """
    Return why a directory can have no entries; one that is still to be made can't be probed.
    """
    return "" if foresight.is_left(path) else host.get_fact(AclObstacle, path=path)


def _given(path: str, uid: int, *options: str) -> StringCommand:
    """
    Return the command that gives the user's entry, and a mask that leaves it what it says.
    """
    entries = QuoteString(f"u:{uid}:rwx,m::rwx")
    return StringCommand("setfacl", *options, "-m", entries, "--", QuoteString(path))


@operation()
def none(*, paths: list[str]) -> Generator[StringCommand]:
    """
    Leave paths with the permissions of their mode only: no named and no default entries.

    sshd's StrictModes does not look at ACLs: with a named entry somebody else may append a key.
    """
    found = host.get_fact(ExtendedAcls, paths=paths)
    mounts = host.get_fact(Mounts) if found else []
    extended = [path for path in found if not why_fixed(mounts, path)]
    for path in set(found) - set(extended):
        degrade(path, f"{why_fixed(mounts, path)}: the ACL that lets others in stays as it is")
    extended = [path for path in extended if not foresight.is_left(path)]  # a new file has none
    if not extended:
        host.noop("no named entries")
        return
    for path in extended:
        foresight.change(path, "an ACL gives others more than its mode")
    yield StringCommand("setfacl", "-b", "--", *map(QuoteString, extended))
