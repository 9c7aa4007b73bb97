"""
An account as sshd and PAM judge it: passwd(5), shadow(5), group(5).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

USER = "root"
PASSWD, SHADOW, GROUP = "/etc/passwd", "/etc/shadow", "/etc/group"

_WITHOUT_SESSION = ("nologin", "false", "true", "sync")  # names of shells that only end


class Account(NamedTuple):
    """
    What the three files say of somebody.
    """

    is_known: bool = True
    home: str = "/root"
    shell: str = "/bin/sh"
    groups: tuple[str, ...] = (USER,)
    is_shadowed: bool = True  # the password is in shadow(5)
    shadow: tuple[str, ...] = ()  # his fields there; () for no line
    name: str = USER
    uid: int = 0

    @property
    def password(self) -> str:
        """Return what stands for the password."""
        return self.shadow[1] if len(self.shadow) > 1 else ""

    def days(self, field: int) -> int | None:
        """Return a field of shadow(5) that counts days; None where it is empty."""
        text = self.shadow[field] if len(self.shadow) > field else ""
        return int(text) if text.lstrip("-").isdigit() and int(text) >= 0 else None


class Shell(NamedTuple):
    """
    What is where the shell should be.
    """

    is_there: bool = True
    is_executable: bool = True
    trouble: str = ""  # why the kernel can't run it


class Finding(NamedTuple):
    """
    What stands against a session, and the file that says so.
    """

    what: str
    path: str
    is_chosen: bool  # somebody may want it so


def parse(passwd: str, shadow: str, group: str, *, user: str = USER) -> Account:
    """
    Return a user's account.
    """
    for line in passwd.splitlines():
        fields = line.split(":")
        if fields[0] == user and len(fields) >= 7:  # noqa: PLR2004 - passwd(5)
            break
    else:
        return Account(is_known=False, name=user)
    rows = [line.split(":") for line in group.splitlines()]
    groups = [
        row[0]
        for row in rows
        if len(row) > 3 and (row[2] == fields[3] or user in row[3].split(","))  # noqa: PLR2004
    ]
    own = (tuple(row.split(":")) for row in shadow.splitlines() if row.startswith(f"{user}:"))
    is_shadowed = fields[1] == "x"
    return Account(
        name=user,
        uid=int(fields[2]) if fields[2].isdecimal() else 0,
        home=fields[5],
        shell=fields[6] or "/bin/sh",
        groups=tuple(groups),
        is_shadowed=is_shadowed,
        shadow=next(own, ()) if is_shadowed else (user, fields[1]),
    )


def findings(account: Account, shell: Shell, *, pam: bool, today: int) -> list[Finding]:
    """
    Return what of it keeps its user from a session.

    + pam: whether sshd leaves the account to PAM (UsePAM)
    + today: in days since 1970
    """
    if not account.is_known:
        return [Finding(f"there is no user {account.name}", PASSWD, is_chosen=False)]
    found = []
    name = account.shell.rpartition("/")[2]
    if not shell.is_there:
        what = f"{account.name}'s shell {account.shell} does not exist"
        found.append(Finding(what, PASSWD, is_chosen=False))
    elif not shell.is_executable:
        what = f"{account.name}'s shell {account.shell} is not executable"
        found.append(Finding(what, PASSWD, is_chosen=False))
    elif shell.trouble:
        what = f"{account.name}'s shell {account.shell} {shell.trouble}"
        found.append(Finding(what, PASSWD, is_chosen=False))
    elif name in _WITHOUT_SESSION:
        what = f"{account.name}'s shell is {account.shell}, which ends every session"
        found.append(Finding(what, PASSWD, is_chosen=True))
    found += _expired(account, pam=pam, today=today)
    if not pam and account.password.startswith("!"):
        what = f"{account.name}'s account is locked, which sshd heeds with `UsePAM no`"
        found.append(Finding(what, SHADOW, is_chosen=True))
    return found


def _expired(account: Account, *, pam: bool, today: int) -> list[Finding]:
    """
    Compare the dates as pam_unix(8) does; without PAM sshd looks at the account's alone.
    """
    if pam and account.is_shadowed and not account.shadow:
        return [
            Finding(f"{account.name} has no line there, and PAM wants one", SHADOW, is_chosen=False)
        ]
    changed, most, grace, ends = (account.days(field) for field in (2, 4, 6, 7))
    if ends is not None and today >= ends:
        return [Finding(f"{account.name}'s account has expired", SHADOW, is_chosen=True)]
    if not pam or changed is None:
        return []
    age = today - changed
    if changed == 0 or (most is not None and age > most):
        is_over = changed and most is not None and grace is not None and age > most + grace
        what = (
            f"{account.name}'s password expired too long ago"
            if is_over
            else f"{account.name}'s password has expired: a session only asks for a new one"
        )
        return [Finding(what, SHADOW, is_chosen=True)]
    return []


def is_private(group: int, *, passwd: str, members: str, user: str = USER) -> bool:
    """
    Tell whether a user is the only member of a group.

    Debian's and Ubuntu's sshd takes a file that such a group may write for one of his alone.

    + group: its number
    + passwd, members: the texts of passwd(5) and group(5)
    """
    users: set[str] = set()
    for line in passwd.splitlines():
        fields = line.split(":")
        if len(fields) > 3 and fields[3] == str(group):  # noqa: PLR2004 - passwd(5)
            users.add(fields[0])
    for line in members.splitlines():
        fields = line.split(":")
        if len(fields) > 3 and fields[2] == str(group):  # noqa: PLR2004 - group(5)
            users.update(filter(None, fields[3].split(",")))
    return _is_alone(users, user)


def _is_alone(users: Collection[str], user: str) -> bool:
    return set(users) == {user}
