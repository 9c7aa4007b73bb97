"""
Who logs in besides root: `name[:uid[:gid]]`, or `workspace` for the workspace's owner.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from slipway.settings.rules import word
from slipway.settings.variable import Refused

OWNER = "workspace"  # the word, and the name of an account that has to be made for him
_NAME = r"[a-z_][a-z0-9_-]{0,31}"  # what login programs, sudoers(5) and sshd's patterns all take
_NUMBER = r"[0-9]{1,10}"
_IDS = range(1, (1 << 32) - 1)  # the last one is nobody's: (uid_t) -1
_ALSO_NONE = (1 << 16) - 1  # the same of 16 bits


class LoginUser(NamedTuple):
    """
    What is asked for; None leaves the choice to us.
    """

    name: str
    uid: int | None = None
    gid: int | None = None

    @property
    def is_owner(self) -> bool:
        """Tell whether the workspace's owner is meant, whoever he is."""
        return self == (OWNER, None, None)

    def __str__(self) -> str:
        return ":".join(str(each) for each in self if each is not None)


def login_user(given: str) -> LoginUser | None:
    """
    Accept name[:uid[:gid]], workspace, or nothing.
    """
    asked = word(given)
    if not asked:
        return None
    name, *numbers = asked.split(":")
    if not re.fullmatch(_NAME, name):
        raise Refused(
            "must be name[:uid[:gid]] or workspace, with a name of up to 32 of a-z, 0-9, _ and -"
        )
    if name == "root" or any(number.strip("0") == "" for number in numbers[:1] if number):
        raise Refused("must be somebody else than root, whose login SLIPWAY_ROOT_LOGIN is about")
    if len(numbers) > 2 or not all(map(_is_id, numbers)):  # noqa: PLR2004 - uid and gid
        raise Refused("must have a number from 1 to 4294967294 for uid and for gid")
    return LoginUser(name, *map(int, numbers))


def _is_id(text: str) -> bool:
    return bool(re.fullmatch(_NUMBER, text)) and int(text) in _IDS and int(text) != _ALSO_NONE
