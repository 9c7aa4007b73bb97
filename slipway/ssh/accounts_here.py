"""
The accounts of this container, and what of one stands against its session.
"""

from __future__ import annotations

import pwd
import time

from slipway.ssh import account, shells
from slipway.ssh.account import DAY, GROUP, PASSWD, SHADOW, SWITCH, Account
from slipway.ssh.login import Obstacle
from slipway.system import files


def named(user: str) -> Account:
    """
    Return a user's account, as the files have it.
    """
    return account.parse(files.shown(PASSWD), files.shown(SHADOW), files.shown(GROUP), user=user)


def obstacles(his: Account, *, pam: bool) -> list[Obstacle]:
    """
    Return what stands against his session.

    + pam: whether sshd leaves the account to PAM (UsePAM)
    """
    if his.is_known and not _is_found(his.name):
        what = f"{PASSWD} has a user {his.name}, and the C library does not find him"
        return [Obstacle(what, SWITCH, is_chosen=False)]
    today = int(time.time()) // DAY
    findings = account.findings(his, shells.look(his.shell), pam=pam, today=today)
    return [Obstacle(what, path, is_chosen=chosen) for what, path, chosen in findings]


def _is_found(user: str) -> bool:
    try:
        pwd.getpwnam(user)
    except KeyError:
        return False
    return True
