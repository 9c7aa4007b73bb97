"""
/proc/self/mountinfo (proc(5)): which file system a path lies on, without touching it.

A stat of a FUSE mount whose server is gone may hang; reading this file never does.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

TABLE = Path("/proc/self/mountinfo")
_ID = r"/[0-9a-f]{64}/|/[0-9a-f]{8}-[0-9a-f-]{27}/"  # a container's, a pod's
_EMPTY_DIR = r"/kubernetes\.io~empty-dir/"  # where the kubelet has them
_IN_MEMORY = ("tmpfs", "ramfs")
_OCTAL = r"\\([0-7]{3})"


class Mount(NamedTuple):
    """
    One mount: where it is, what it is, and how it is mounted.
    """

    point: str
    type: str
    source: str
    options: frozenset[str]
    shared: bool  # what is mounted below it shows up in its peers: on the host
    root: str = "/"  # which part of the file system is mounted
    settings: tuple[str, ...] = ()  # the file system's own options
    device: str = ""  # as MAJOR:MINOR


def here() -> list[Mount]:
    """
    Return the mounts that this process sees.
    """
    return parse(TABLE.read_text(errors="surrogateescape"))


def parse(text: str) -> list[Mount]:
    """
    Return the mounts in the order they were made: of two on one point, the later hides the earlier.
    """
    mounts = []
    for line in text.split("\n"):  # a name may hold what else splitlines() splits at
        left, separator, right = line.partition(" - ")
        if not separator:
            continue
        fields, (kind, source, *rest) = left.split(" "), right.split(" ")
        mounts.append(
            Mount(
                point=_decode(fields[4]),
                type=kind,
                source=_decode(source),
                options=frozenset(fields[5].split(",")),
                shared=any(field.startswith("shared:") for field in fields[6:]),
                root=_decode(fields[3]),
                settings=tuple(rest[0].split(",")) if rest else (),
                device=fields[2],
            )
        )
    return mounts


def holding(mounts: list[Mount], path: str) -> Mount | None:
    """
    Return the mount a canonical path lies on; None where the list does not say.
    """
    found = None
    for mount in mounts:
        below = mount.point.rstrip("/") + "/"
        if (path == mount.point or path.startswith(below)) and (
            found is None or len(mount.point) >= len(found.point)
        ):
            found = mount
    return found


def is_volume(mounts: list[Mount], path: str) -> bool:
    """
    Tell whether a path lies on something mounted into the container, and so outlives it.
    """
    mount = holding(mounts, path)
    return mount is not None and mount.point != "/"


def fleeting(mounts: list[Mount], path: str) -> str:
    """
    Return why what is mounted does not outlive the container all the same, "" where it does.
    """
    mount = holding(mounts, path)
    if mount is None or mount.point == "/":
        return ""
    if mount.type in _IN_MEMORY:
        return f"a {mount.type}, in memory"
    if re.search(_EMPTY_DIR, mount.root):
        return "an emptyDir, which goes with its pod"
    return ""


def is_nobodys(mount: Mount) -> bool:
    """
    Tell whether what is mounted was made empty for this container, and holds nothing of anybody's.

    The kubelet makes each emptyDir with mode 777 (it knows no other), the engine a tmpfs with 1777.
    """
    return mount.type in _IN_MEMORY or bool(re.search(_EMPTY_DIR, mount.root))


def container(mounts: list[Mount]) -> str:
    """
    Return what is the same for a container's whole life, and no other's; "" where nothing tells.

    The directory of its writable layer, which the engine makes with it and keeps over restarts: an
    overlay's `upperdir`, with other storage drivers the part of a file system that is the root.
    Where neither tells (fuse-overlayfs), the engine's files for it do: `/etc/hostname` and its like
    lie in a directory that is named after the container, in Kubernetes after its pod.
    """
    root = holding(mounts, "/")
    if root is not None:
        layer = [each for each in root.settings if each.startswith("upperdir=")]
        if layer or root.root != "/":
            return f"{root.source} {root.root} {''.join(layer)}"
    for point in ("/etc/hostname", "/etc/resolv.conf", "/etc/hosts"):
        file = next((mount for mount in mounts if mount.point == point), None)
        if file is not None and re.search(_ID, file.root):
            return file.root
    return ""


def _decode(field: str) -> str:
    """
    Undo the kernel's octal escapes of space, tab, newline and backslash.
    """
    if "\\" not in field:
        return field
    return re.sub(_OCTAL, lambda match: chr(int(match[1], 8)), field)
