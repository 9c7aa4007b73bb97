"""
An account as sshd and PAM judge it: passwd(5), shadow(5), group(5).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import NamedTuple

USER = "root"
DAY = 86400  # seconds
PASSWD, SHADOW, GROUP = "/etc/passwd", "/etc/shadow", "/etc/group"
SWITCH = "/etc/nsswitch.conf"  # who is asked besides, or instead

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
    gid: int = 0
    bad_line: int = 0  # of passwd(5), where he is not known, else of shadow(5): none that is valid

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
    known, bad = _first(passwd, user, _is_of_passwd)
    if known is None:
        return Account(is_known=False, name=user, bad_line=bad)
    name, password, uid, gid, _, home, *shell = known
    rows = [line.split(":") for line in group.splitlines()]
    groups = [
        row[0]
        for row in rows
        if len(row) > 3 and (row[2] == gid or user in row[3].split(","))  # noqa: PLR2004
    ]
    is_shadowed = password == "x"  # noqa: S105 - passwd(5)
    own, bad = _first(shadow, user, _is_of_shadow) if is_shadowed else ([name, password], 0)
    return Account(
        name=user,
        uid=int(uid),
        gid=int(gid),
        home=home,
        shell=":".join(shell) or "/bin/sh",
        groups=tuple(groups),
        is_shadowed=is_shadowed,
        shadow=tuple(own or ()),
        bad_line=bad,
    )


def _first(
    text: str, user: str, is_one: Callable[[list[str]], bool]
) -> tuple[list[str] | None, int]:
    """
    Return the fields of a user's first line that the C library takes, or the number of a bad one.
    """
    bad = 0
    for number, line in enumerate(text.split("\n"), 1):
        fields = line.lstrip().split(":")
        if fields[0] != user:
            continue
        if is_one(fields):
            return fields, 0
        bad = bad or number
    return None, bad


def _is_of_passwd(fields: list[str]) -> bool:
    return len(fields) >= 6 and all(map(_is_number, fields[2:4]))  # noqa: PLR2004 - with a home


def _is_of_shadow(fields: list[str]) -> bool:
    return len(fields) in (5, 9) and all(map(_may_be_number, fields[2:]))


def _is_number(field: str) -> bool:
    return field.isdecimal() and int(field) < 1 << 32


def _may_be_number(field: str) -> bool:
    return not field or field.removeprefix("-").isdecimal()


def findings(account: Account, shell: Shell, *, pam: bool, today: int) -> list[Finding]:
    """
    Return what of it keeps its user from a session.

    + pam: whether sshd leaves the account to PAM (UsePAM)
    + today: in days since 1970
    """
    if not account.is_known:
        what = f"there is no user {account.name}"
        return [Finding(what, _place(PASSWD, account.bad_line), is_chosen=False)]
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
        what = f"{account.name} has no {'valid ' if account.bad_line else ''}line there"
        place = _place(SHADOW, account.bad_line)
        return [Finding(f"{what}, and PAM wants one", place, is_chosen=False)]
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


def _place(path: str, line: int) -> str:
    return f"{path} line {line}" if line else path


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
