"""
Whether a directory can have a default ACL (acl(5)), without giving it one.

`python -m slipway.system.acl_support PATH` says what stands against it, and nothing where it can.
"""

from __future__ import annotations

import errno
import os
import sys

from slipway.system.refused import REFUSALS

_ATTRIBUTE = "system.posix_acl_default"  # what setfacl writes


def obstacle(path: str) -> str:
    """
    Return why a default ACL can't be set on a directory; "" where it can. Raises OSError.

    A directory that is not there yet will lie where the one above it does.

    It asks the kernel for the attribute. getfacl can't tell "none" from "not supported": it prints
    the mode's three entries for both.
    """
    if not os.path.isdir(path):  # noqa: PTH112 - a string, as all here
        return obstacle(os.path.dirname(path) or "/")  # noqa: PTH120
    if _is_read_only(path):
        return "the file system is read-only"
    try:
        os.getxattr(path, _ATTRIBUTE)
    except OSError as error:
        if error.errno == errno.ENOTSUP:
            return "the file system has no ACLs"
        if error.errno in REFUSALS:
            return f"root may not read one here: {error.strerror}"
        return _refusal(path)
    return ""


def _is_read_only(path: str) -> bool:
    try:
        return bool(os.statvfs(path).f_flag & os.ST_RDONLY)
    except OSError as error:
        if error.errno not in REFUSALS:
            raise
        return False


def _refusal(path: str) -> str:
    """
    Ask whether we may set the attribute, by removing it where it is not.
    """
    try:
        os.removexattr(path, _ATTRIBUTE)
    except OSError as error:
        if error.errno != errno.ENODATA:
            return f"root may not set one here: {error.strerror}"
    return ""


if __name__ == "__main__":
    try:
        print(obstacle(sys.argv[1]))  # noqa: T201 - its answer
    except OSError as error:
        sys.exit(f"slipway: default ACL: {error}")
