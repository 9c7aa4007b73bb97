"""
The login besides root's at the host that pyinfra is at: the same question for every task.
"""

from __future__ import annotations

from typing import NamedTuple

from pyinfra import host

from slipway.facts import surroundings
from slipway.facts.mounts import Mounts
from slipway.facts.users import KnownAccounts
from slipway.operations.mounted import why_fixed
from slipway.settings.variables import Settings
from slipway.ssh.accounts import Impossible, Login, decide

_ACCOUNTS = ("/etc/passwd", "/etc/shadow", "/etc/group")


class Asked(NamedTuple):
    """
    What came of SLIPWAY_USER.
    """

    login: Login | None = None
    why: str = ""  # there is none, though one was asked for

    @property
    def in_force(self) -> Login | None:
        """
        Return the login once its account is there; in a check, where it would be.
        """
        if self.login is None or (host.state.is_executing and not self.login.is_there):
            return None
        return self.login


def of_host(settings: Settings) -> Asked:
    """
    Decide it; nobody is asked where no login is wanted.
    """
    if settings.user is None:
        return Asked()
    _, uid, gid = surroundings.of_workspace(settings.workspace)
    found = decide(settings.user, host.get_fact(KnownAccounts), owner=(uid, gid))
    if isinstance(found, Impossible):
        return Asked(why=found.why)
    if not found.is_there:
        mounts = host.get_fact(Mounts)
        for path in _ACCOUNTS:
            if why := why_fixed(mounts, path):
                return Asked(why=f"{path} {why}, so no account can be made: name one that is there")
    return Asked(found)
