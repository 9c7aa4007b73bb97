"""
The software that is installed: Debian's packages, and Python's distributions wherever they are.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

# No part of an image, or nothing that stays
_ELSEWHERE = {"proc", "sys", "dev", "run", "tmp", "workspace", "mnt", "media"}
_DEBIANS_OWN = "usr/lib/python3/dist-packages"  # its distributions are those of packages
_FORM = "${db:Status-Status} ${Package} ${Version} ${Architecture}\n"
_METADATA = {".dist-info": "METADATA", ".egg-info": "PKG-INFO"}


class Software(NamedTuple):
    """
    One package or distribution.
    """

    kind: str  # "deb" or "pypi"
    name: str
    version: str
    architecture: str = ""


def installed(root: Path = Path("/")) -> list[Software]:
    """
    Return all of it, each once, in an order that is always the same.
    """
    return sorted({*debian(root), *python(root)})


def debian(root: Path = Path("/")) -> Iterator[Software]:
    """
    Yield the packages that dpkg has installed.
    """
    words = ["dpkg-query", f"--root={root}", "-W", "-f", _FORM]
    listed = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    for line in listed.splitlines():
        status, *rest = line.split(" ")
        if status == "installed":
            yield Software("deb", *rest)


def python(root: Path = Path("/")) -> Iterator[Software]:
    """
    Yield the distributions of every environment, and those beside Debian's own.
    """
    for place, folders, files in os.walk(root):
        if place == str(root):
            folders[:] = [name for name in folders if name not in _ELSEWHERE]
        if place == str(root / _DEBIANS_OWN):
            folders.clear()
            continue
        for name in [*folders, *files]:
            suffix = os.path.splitext(name)[1]  # noqa: PTH122 - a hundred thousand names, no Path
            if suffix not in _METADATA:
                continue
            path = Path(place, name)
            if (found := _read(path / _METADATA[suffix] if path.is_dir() else path)) is not None:
                yield found


def _read(metadata: Path) -> Software | None:
    """
    Return what the head of a distribution's metadata says; None where it says nothing.
    """
    try:
        head = metadata.read_text(errors="replace").partition("\n\n")[0]
    except OSError:
        return None
    fields = dict(line.split(": ", 1) for line in reversed(head.splitlines()) if ": " in line)
    if not fields.get("Name") or not fields.get("Version"):
        return None
    return Software("pypi", fields["Name"].strip(), fields["Version"].strip())
