"""
Which account of the container is the login besides root's, or why none is: pure.
"""

from __future__ import annotations

from typing import NamedTuple

from slipway.settings.login_user import OWNER, LoginUser

MADE_BY = "Slipway's login"  # the comment field of accounts that we have made
_FIRST, _LAST = 1000, 60000  # of people's accounts: login.defs(5)
_NOBODY = 65534
_WITHOUT_SESSION = ("nologin", "false", "true", "sync")


class User(NamedTuple):
    """
    A line of passwd(5), without the password.
    """

    name: str
    uid: int
    gid: int
    comment: str
    home: str
    shell: str

    @property
    def is_persons(self) -> bool:
        """Tell whether it is an account for somebody to log in to."""
        return self.comment == MADE_BY or (self.uid >= _FIRST and self.uid != _NOBODY)


class Accounts(NamedTuple):
    """
    Who is known here.
    """

    users: tuple[User, ...]
    groups: tuple[tuple[str, int], ...]

    def named(self, name: str) -> User | None:
        """Return the account of a name."""
        return next((user for user in self.users if user.name == name), None)

    def numbered(self, uid: int) -> User | None:
        """Return the first account of a uid, as programs see it."""
        return next((user for user in self.users if user.uid == uid), None)

    def group(self, name: str) -> int | None:
        """Return a group's number."""
        return next((gid for known, gid in self.groups if known == name), None)

    def has_group(self, gid: int) -> bool:
        """Tell whether a group has a number."""
        return any(known == gid for _, known in self.groups)


class Login(NamedTuple):
    """
    The account, as it is or as it is to be made.
    """

    name: str
    uid: int
    gid: int
    home: str
    is_there: bool
    makes_group: bool = False


class Impossible(NamedTuple):
    """
    Why there is no such login, for a person.
    """

    why: str


def parse(passwd: str, group: str) -> Accounts:
    """
    Return what passwd(5) and group(5) say; lines that are none are left out.
    """
    users, groups = [], []
    for line in passwd.splitlines():
        fields = line.split(":")
        if len(fields) == 7 and fields[2].isdecimal() and fields[3].isdecimal():  # noqa: PLR2004
            users.append(User(fields[0], int(fields[2]), int(fields[3]), *fields[4:]))
    for line in group.splitlines():
        fields = line.split(":")
        if len(fields) == 4 and fields[2].isdecimal():  # noqa: PLR2004
            groups.append((fields[0], int(fields[2])))
    return Accounts(tuple(users), tuple(groups))


def decide(asked: LoginUser, accounts: Accounts, *, owner: tuple[int, int]) -> Login | Impossible:
    """
    Return the login that is asked for. What is there is used as it is, or not at all.

    + owner: uid and gid of the workspace's; 0 for root, who owns it where nothing is mounted
    """
    if asked.is_owner:
        return _of_owner(accounts, *owner)
    if there := accounts.named(asked.name):
        return _as_it_is(there, asked)
    uid = asked.uid
    if uid is not None and (other := accounts.numbered(uid)):
        return Impossible(f"uid {uid} is {other.name}'s: SLIPWAY_USER={other.name} names that one")
    if uid is None and owner[0] and not accounts.numbered(owner[0]):
        return _new(asked.name, owner[0], asked.gid or owner[1], accounts)
    return _new(asked.name, _free(accounts) if uid is None else uid, asked.gid, accounts)


def _of_owner(accounts: Accounts, uid: int, gid: int) -> Login | Impossible:
    if not uid:
        return Impossible("the workspace is root's, who can log in already: give a name")
    if there := accounts.numbered(uid):
        return _as_it_is(there, LoginUser(there.name))
    if named := accounts.named(OWNER):
        return Impossible(f"the account {OWNER} has uid {named.uid}, the workspace's owner {uid}")
    return _new(OWNER, uid, gid, accounts)


def _as_it_is(user: User, asked: LoginUser) -> Login | Impossible:
    """
    Take an account that somebody has made, if it is what is asked for.
    """
    if not user.is_persons:
        return Impossible(f"{user.name} (uid {user.uid}) is an account of the system's")
    for what, wanted, is_so in (("uid", asked.uid, user.uid), ("gid", asked.gid, user.gid)):
        if wanted not in (None, is_so):
            return Impossible(f"the account {user.name} is there with {what} {is_so}, not {wanted}")
    if user.shell.rpartition("/")[2] in _WITHOUT_SESSION:
        return Impossible(f"the shell of {user.name} is {user.shell}, which ends every session")
    return Login(user.name, user.uid, user.gid, user.home, is_there=True)


def _new(name: str, uid: int, gid: int | None, accounts: Accounts) -> Login | Impossible:
    """
    Have an account made. A group of its number is used whatever its name, else one is made.
    """
    known = accounts.group(name)
    if gid is None:
        gid = known if known is not None else _free_group(accounts, uid)
    makes_group = not accounts.has_group(gid)
    if makes_group and known is not None:
        return Impossible(f"the group {name} is there with gid {known}, not {gid}")
    return Login(name, uid, gid, f"/home/{name}", is_there=False, makes_group=makes_group)


def _free(accounts: Accounts) -> int:
    """
    Return a number that neither a user nor a group has.
    """
    taken = {user.uid for user in accounts.users}
    return next(
        uid for uid in range(_FIRST, _LAST) if uid not in taken and not accounts.has_group(uid)
    )


def _free_group(accounts: Accounts, uid: int) -> int:
    return uid if not accounts.has_group(uid) else _free(accounts)
