"""
Who logs in here: root, and the login that SLIPWAY_USER asks for.
"""

from __future__ import annotations

import os

from slipway.contract import paths
from slipway.ssh.account import USER
from slipway.system import files


def promised() -> str:
    """
    Return whose login health promises: root's, where that is not refused for another's.
    """
    names = _besides_root() if files.readable(paths.ROOT_REFUSED) else []
    return names[0] if names else USER


def others() -> list[str]:
    """
    Return whose login there is besides the promised one.
    """
    return [name for name in _besides_root() if name != promised()]


def wanted() -> str:
    """
    Return who an ssh line is for: the one who was asked for, else root.
    """
    return next(iter(_besides_root()), USER)


def _besides_root() -> list[str]:
    try:
        return sorted(os.listdir(paths.LOGINS))  # noqa: PTH208 - names alone
    except OSError:
        return []
