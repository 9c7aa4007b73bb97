"""
What installing leaves behind that nothing needs, and that differs from one build to the next.

The Dockerfile copies this file alone into the layer of the packages: it imports nothing of ours.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

PATTERNS = (
    "etc/*-",  # what shadow's tools keep of /etc/passwd and its kin
    "etc/machine-id",  # containers of one image are not one machine
    "var/lib/dbus/machine-id",
    "var/backups/*",
    "var/cache/apt/*.bin",
    "var/cache/apt/archives/**/*.deb",
    "var/cache/debconf/*-old",
    "var/cache/fontconfig/*",
    "var/cache/ldconfig/aux-cache",
    "var/cache/man/**/*",
    "var/lib/apt/lists/**/*",
    "var/lib/apt/periodic/*",
    "var/lib/dpkg/*-old",
    "var/lib/systemd/random-seed",
    "var/lib/systemd/timers/*",
    "var/log/**/*.log",
    "var/log/**/*.log.*",
)


def found(root: Path = Path("/")) -> Iterator[Path]:
    """
    Yield the traces that are there.
    """
    for pattern in PATTERNS:
        for path in sorted(root.glob(pattern)):
            if path.is_symlink() or path.is_file():
                yield path


if __name__ == "__main__":
    for each in found():
        if sys.argv[1:] == ["remove"]:
            each.unlink(missing_ok=True)
        else:
            print(each)  # noqa: T201 - a program's answer
