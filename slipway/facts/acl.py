"""
POSIX access control lists (acl(5)).
"""

from __future__ import annotations

from pyinfra.api import FactBase, QuoteString, StringCommand

# Asks the kernel for the attribute that setfacl would write. getfacl can't tell "none" from
# "not supported": it prints the mode's three entries for both.
_PROBE = """
import errno, os, sys
path = sys.argv[1]
if os.statvfs(path).f_flag & os.ST_RDONLY:
    sys.exit(print("the file system is read-only"))
try:
    os.getxattr(path, "system.posix_acl_default")
except OSError as error:
    if error.errno == errno.ENOTSUP:
        sys.exit(print("the file system has no ACLs"))
    try:
        os.removexattr(path, "system.posix_acl_default")  # none is there: asks whether we may
    except OSError as error:
        if error.errno != errno.ENODATA:
            print(f"root may not set one here: {error.strerror}")
"""


class Acl(FactBase[set[str]]):
    """
    Returns the entries of a path's ACL, as getfacl prints them with numeric ids.

    .. code:: python

        {"user::rwx", "group::r-x", "other::r-x", "default:user:1234:rwx", "default:mask::rwx"}
    """

    default = set

    def command(self, path: str) -> StringCommand:
        """Ask getfacl; a path that is not there has no entries."""
        return StringCommand(
            "getfacl", "-cpnE", "--", QuoteString(path), "2>/dev/null", "||", "true"
        )

    def process(self, output: list[str]) -> set[str]:
        """Drop the comments and blank lines."""
        return {line for line in output if line and not line.startswith("#")}


class AclObstacle(FactBase[str]):
    """
    Returns why a default ACL can't be set on a directory, "" where it can.
    """

    default = str

    def command(self, path: str) -> StringCommand:
        """Probe without changing anything."""
        return StringCommand("python3", "-I", "-c", QuoteString(_PROBE), QuoteString(path))
