"""
Accounts of the container.
"""

from __future__ import annotations

import pwd

from pyinfra.api import FactBase, QuoteString, StringCommand

from slipway.connectors.native import Inside, Result


class KnownUser(FactBase[bool]):
    """
    Returns whether an account has a name, or a number.
    """

    default = bool

    def command(self, user: str) -> StringCommand:
        """Ask as supervisor does."""
        command = StringCommand("getent", "passwd", "--", QuoteString(user), "||", "true")
        return Inside(command, lambda: Result(b"known\n" if _is_known(user) else b""))

    def process(self, output: list[str]) -> bool:
        """Any line is an account."""
        return any(output)


def _is_known(user: str) -> bool:
    try:
        if user.isdecimal():
            pwd.getpwuid(int(user))
        else:
            pwd.getpwnam(user)
    except (KeyError, OverflowError):
        return False
    return True
