"""
/proc/self/mountinfo (proc(5)): which file system a path lies on, without touching it.

A stat of a FUSE mount whose server is gone may hang; reading this file never does.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_OCTAL = re.compile(r"\\([0-7]{3})")


class Mount(NamedTuple):
    """
    One mount: where it is, what it is, and how it is mounted.
    """

    point: str
    type: str
    source: str
    options: frozenset[str]
    shared: bool  # what is mounted below it shows up in its peers: on the host


def parse(text: str) -> list[Mount]:
    """
    Return the mounts in the order they were made: of two on one point, the later hides the earlier.
    """
    mounts = []
    for line in text.split("\n"):  # a name may hold what else splitlines() splits at
        left, separator, right = line.partition(" - ")
        if not separator:
            continue
        fields, (kind, source, *_) = left.split(" "), right.split(" ")
        mounts.append(
            Mount(
                point=_decode(fields[4]),
                type=kind,
                source=_decode(source),
                options=frozenset(fields[5].split(",")),
                shared=any(field.startswith("shared:") for field in fields[6:]),
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


def _decode(field: str) -> str:
    """
    Undo the kernel's octal escapes of space, tab, newline and backslash.
    """
    if "\\" not in field:
        return field
    return _OCTAL.sub(lambda match: chr(int(match[1], 8)), field)
