"""
Mounts and workspaces, read from the kernel's list: a dead FUSE mount is never touched.
"""

from __future__ import annotations

import functools

from pyinfra.api import FactBase, QuoteString, StringCommand

from slipway.connectors import native
from slipway.connectors.native import Inside, Result
from slipway.facts.files import kind_of
from slipway.system import mountinfo
from slipway.system.bounded_files import BoundedFiles
from slipway.system.mountinfo import Mount

_FORBIDDING = ("AppArmor: docker-default ", "AppArmor: cri-containerd.apparmor.d ")


class Mounts(FactBase[list[Mount]]):
    """
    Returns what is mounted where, in the order it was mounted.
    """

    default = list

    def command(self) -> StringCommand:
        """Read the kernel's list."""
        path = "/proc/self/mountinfo"
        return Inside(StringCommand("cat", path), lambda: native.read(path))

    def process(self, output: list[str]) -> list[Mount]:
        """Parse it as proc(5) says."""
        return list(_parsed("\n".join(output)))


@functools.lru_cache(maxsize=4)
def _parsed(text: str) -> tuple[Mount, ...]:
    """
    Take the kernel's list apart: a run reads it thirty times, and it is the same each time.
    """
    return tuple(mountinfo.parse(text))


class DirectoryOwner(FactBase["tuple[int, int] | None"]):
    """
    Returns a directory's uid and gid; None where no directory is.
    """

    def command(self, path: str) -> StringCommand:
        """Stat it, following links, within a bound: it may lie on a network file system."""
        # fmt: off
        command = StringCommand(
            "LC_ALL=C", "timeout", "5", "stat", "-L", "-c", QuoteString("%u %g %F"),
            "--", QuoteString(path), "2>/dev/null", "||", "true",
        )
        # fmt: on
        return Inside(command, lambda: _owner(path))

    def process(self, output: list[str]) -> tuple[int, int] | None:
        """Take the ids of a directory only."""
        uid, gid, kind = output[0].split(" ", 2)
        return (int(uid), int(gid)) if kind == "directory" else None


def _owner(path: str) -> Result:
    """
    Do what the command of DirectoryOwner does.
    """
    try:
        status = BoundedFiles().stat(path)
    except OSError:
        return Result(b"")
    return Result(f"{status.uid} {status.gid} {kind_of(status.mode)}\n".encode())


class FuseObstacle(FactBase[str]):
    """
    Returns which conditions for FUSE mounts are missing, "" for none.

    FUSE in a container needs the device and CAP_SYS_ADMIN (bit 21, capabilities(7)), and that
    AppArmor does not forbid it: the profiles that engines bring deny all mounts.
    """

    default = str

    def command(self) -> str:
        """Ask whether the device opens, and for the effective capabilities."""
        return (
            "[ -c /dev/fuse ] || echo no-device; "
            "( : <> /dev/fuse ) 2>/dev/null || echo no-access; "
            "grep ^CapEff: /proc/self/status; "
            "sed -n 's/^/AppArmor: /p' /proc/self/attr/current 2>/dev/null || true"
        )

    def process(self, output: list[str]) -> str:
        """Name all that are missing, and what gives them."""
        missing, options = [], []
        if "no-device" in output or "no-access" in output:
            is_there = "no-device" not in output
            missing.append("/dev/fuse can't be opened" if is_there else "no /dev/fuse")
            options.append("--device /dev/fuse")
        sys_admin = 1 << 21
        capabilities = next((line.split()[1] for line in output if line.startswith("CapEff:")), "0")
        if not int(capabilities, 16) & sys_admin:
            missing.append("no CAP_SYS_ADMIN")
            options.append("--cap-add SYS_ADMIN")
        if any(line.startswith(_FORBIDDING) and "(enforce)" in line for line in output):
            missing.append("AppArmor forbids mounts")
            options.append("--security-opt apparmor:unconfined")
        if not missing:
            return ""
        return f"{', '.join(missing)}; run the container with {' '.join(options)}"
