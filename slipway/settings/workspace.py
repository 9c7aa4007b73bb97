"""
Which directories may be the workspace: its owner is let into it, so none of the system's may.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable

from slipway.contract.paths import INSTALLED, WORKSPACE
from slipway.settings.variable import Refused

DEFAULT = str(WORKSPACE)

_MAX_NAME, _MAX_PATH = 255, 3800  # bytes: Linux's limits, less what lies below a workspace

# Where a workspace would take the system's own directories, or the home, over.
_TAKEN = {"/", "/root", "/home", "/opt", "/mnt", "/srv", "/media", "/tmp"}  # noqa: S108 - refused
_SYSTEM = {"bin", "boot", "dev", "etc", "proc", "run", "sbin", "sys", "usr", "var"}  # and lib*


def canonical(given: str, resolve: Callable[[str], str] = posixpath.normpath) -> str:
    """
    Return a path without links, `..` and needless slashes. Raises Refused.

    How it is written counts, too: /var/x is refused even as a link to /data.

    + resolve: returns a path without symbolic links, or raises OSError or ValueError
    """
    path = given.replace("___", " ").rstrip("\r\n")
    if rule := _complaint(path):
        raise Refused(rule)
    try:
        real = f"/{posixpath.normpath(resolve(path)).lstrip('/')}"
    except (OSError, ValueError):
        raise Refused("must be a path that can be followed") from None
    if rule := _complaint(real):
        raise Refused(rule)
    return real


def _complaint(path: str) -> str:
    """
    Return which rule for workspaces a path breaks, "" for none.
    """
    if not path.startswith("/"):
        return "must be an absolute path"
    if any(ord(character) < ord(" ") or character == "\x7f" for character in path):
        return "must not have a newline or control character in it"
    try:
        names = path.encode().split(b"/")
    except UnicodeEncodeError:
        return "must be UTF-8"
    if len(path.encode()) > _MAX_PATH or max(map(len, names)) > _MAX_NAME:
        return "must not be longer than a path may be"
    plain = f"/{posixpath.normpath(path).lstrip('/')}"
    top, _, below = plain[1:].partition("/")
    is_hidden = top == "root" and below.startswith(".")
    is_ours = f"{plain}/".startswith(f"{INSTALLED}/")
    if plain in _TAKEN or top in _SYSTEM or top.startswith("lib") or is_hidden or is_ours:
        return "must not be, or lead into, a directory of the system's"
    return ""
