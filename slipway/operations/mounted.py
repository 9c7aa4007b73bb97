"""
What somebody has mounted: it is his, and stays as it is.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping

from pyinfra import host

from slipway.contract import paths
from slipway.facts.attributes import Unchangeable
from slipway.facts.mounts import Mounts
from slipway.operations.degraded import degrade
from slipway.system import mountinfo
from slipway.system.mountinfo import Mount


def why_fixed(mounts: list[Mount], path: str) -> str:
    """
    Return why what is at a path is not ours to change or replace; "" where it is.

    A tmpfs and an emptyDir are nobody's: they were made for this container.
    """
    mount = mountinfo.holding(mounts, path)
    if mount is None:
        return ""
    if "ro" in mount.options:
        at = "" if mount.point == "/" else f" ({mount.point})"
        return (
            f"is on a read-only file system{at}" if mount.point != path else "is mounted read-only"
        )
    if mount.point == path and path != "/" and not mountinfo.is_nobodys(mount):
        return "is mounted"
    return ""


def kept(paths: Iterable[str]) -> dict[str, str]:
    """
    Return which of these paths root himself can't change, and why: those, or their directories.
    """
    wanted = {path: posixpath.dirname(path) for path in paths}
    if not wanted:
        return {}
    found = host.get_fact(Unchangeable, paths=sorted({*wanted, *wanted.values()}))
    return {
        path: found.get(path) or f"lies in {folder}, which {found[folder]}"
        for path, folder in wanted.items()
        if path in found or folder in found
    }


def is_read_only(mounts: list[Mount], path: str) -> bool:
    """
    Tell whether nothing can be changed at a path and below it.
    """
    mount = mountinfo.holding(mounts, path)
    return mount is not None and "ro" in mount.options


def name_read_only(*, places: Mapping[str, str]) -> None:
    """
    Say of places that should be written to which are read-only, and what that costs.

    + places: path to what it costs
    """
    mounts = host.get_fact(Mounts)
    for path, cost in places.items():
        if is_read_only(mounts, path):
            degrade(path, f"it is read-only: {cost}; add `--tmpfs {path}`")


def writable(mounts: list[Mount], path: str) -> str:
    """
    Return a path of Slipway's state, or its like in /run where it can't be written.
    """
    if not why_fixed(mounts, path):
        return path
    return str(paths.RUN / path.removeprefix(f"{paths.STATE}/"))
