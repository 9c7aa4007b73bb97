"""
POSIX access control lists (acl(5)).
"""

from __future__ import annotations

import errno
import os
import re
import stat

from pyinfra.api import FactBase, QuoteString, StringCommand

from slipway.connectors import native
from slipway.connectors.native import Inside, Result
from slipway.contract.paths import PYTHON
from slipway.system import acl_support
from slipway.system.bounded_files import BoundedFiles

_ESCAPE = r"\\(\\|[0-3][0-7]{2})"


class Acl(FactBase[set[str]]):
    """
    Returns the entries of a path's ACL, as getfacl prints them with numeric ids.

    .. code:: python

        {"user::rwx", "group::r-x", "other::r-x", "default:user:1234:rwx", "default:mask::rwx"}
    """

    default = set

    def command(self, path: str) -> StringCommand:
        """Ask getfacl; a path that is not there has no entries."""
        words = ["getfacl", "-cpnE", "--"]
        command = StringCommand(*words, QuoteString(path), "2>/dev/null", "||", "true")
        return Inside(command, lambda: _entries(words, path))

    def process(self, output: list[str]) -> set[str]:
        """Drop the comments and blank lines."""
        return {line for line in output if line and not line.startswith("#")}


class ExtendedAcls(FactBase[list[str]]):
    """
    Returns which of several paths have named or default entries, more than their mode says.
    """

    default = list

    def command(self, paths: list[str]) -> StringCommand:
        """Have getfacl leave out those with the mode's three entries only; missing ones too."""
        words, names = ["getfacl", "-spn", "--"], map(QuoteString, paths)
        command = StringCommand(*words, *names, "2>/dev/null", "||", "true")
        return Inside(command, lambda: native.run(words, _with_entries(paths)))

    def process(self, output: list[str]) -> list[str]:
        """Take the names, in which getfacl escapes backslashes and writes some bytes in octal."""
        names = [line.removeprefix("# file: ") for line in output if line.startswith("# file: ")]
        return [re.sub(_ESCAPE, _unescaped, name) for name in names]


def _with_entries(paths: list[str]) -> list[str]:
    """
    Return those that the kernel has an ACL of, or that may have one.

    It keeps none that says no more than the mode: most have none, and getfacl is a process.
    """
    files = BoundedFiles()
    return [path for path in paths if files.may_hang(path) or _has_acl(path)]


def _has_acl(path: str) -> bool:
    return _is_set(path, "access") or _is_set(path, "default")


def _is_set(path: str, kind: str) -> bool:
    try:
        os.getxattr(path, f"system.posix_acl_{kind}")
    except OSError as error:  # of another error getfacl may know more
        return error.errno not in (errno.ENODATA, errno.ENOTSUP, errno.ENOENT)
    return True


def _entries(words: list[str], path: str) -> Result:
    """
    Do what the command of Acl does: without an ACL the entries are the mode's.
    """
    if _with_entries([path]):
        return native.run(words, [path])
    try:
        mode = os.stat(path).st_mode  # noqa: PTH116 - a string, as for the others
    except OSError:
        return Result(b"")
    rights = stat.filemode(mode & 0o777)[1:]
    names = ("user", "group", "other")
    lines = [f"{name}::{rights[3 * i : 3 * i + 3]}\n" for i, name in enumerate(names)]
    return Result("".join(lines).encode())


def _unescaped(match: re.Match[str]) -> str:
    return match[1] if match[1] == "\\" else chr(int(match[1], 8))


class AclObstacle(FactBase[str]):
    """
    Returns why a default ACL can't be set on a directory, "" where it can.
    """

    default = str

    def command(self, path: str) -> StringCommand:
        """Probe without changing anything."""
        command = StringCommand(*PYTHON, "slipway.system.acl_support", QuoteString(path))
        return Inside(command, lambda: _told(path))


def _told(path: str) -> Result:
    """
    Do what the command of AclObstacle does.
    """
    try:
        obstacle = BoundedFiles().ask(lambda: acl_support.obstacle(path), path)
        return Result(f"{obstacle}\n".encode())
    except TimeoutError as error:
        return Result(f"{error.strerror}\n".encode())
    except OSError as error:
        complaint = f"slipway: default ACL: {error}\n"
        return Result(b"", complaint.encode(errors="surrogateescape"), code=1)
