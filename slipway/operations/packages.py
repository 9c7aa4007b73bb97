"""
Debian packages.
"""

from __future__ import annotations

from collections.abc import Generator

from pyinfra import host
from pyinfra.api import QuoteString, StringCommand

from slipway.facts.files import FileStates
from slipway.facts.packages import InstalledPackages
from slipway.operations import foresight
from slipway.operations.degraded import degrade
from slipway.operations.independent import operation
from slipway.system.counting import counted

_LISTS = "/var/lib/apt/lists"
_DATABASE = "/var/lib/dpkg/status"
_HIDDEN = f"{_DATABASE} is not here, hidden by a mount perhaps: apt can install nothing"


@operation()
def installed(*, packages: list[str]) -> Generator[StringCommand]:
    """
    Have these packages, in whatever version is there; apt runs only when one is missing.

    A start installs none: SSH would wait for the network, and who built the image may have removed
    them. What is missing then is said, and `slipway converge` installs it.

    Where dpkg's database is not here (a tmpfs at /var) apt could install nothing.

    Package lists are fetched before and removed after, so that no image layer holds them.

    + packages: names in the base's archive
    """
    present = host.get_fact(InstalledPackages, packages=packages)
    missing = sorted(set(packages) - present)
    if not missing:
        host.noop(f"{counted(len(packages), 'package is', 'packages are')} installed")
        return
    if not present and not host.get_fact(FileStates, paths=[_DATABASE]):
        degrade("packages", _HIDDEN)
        host.noop("dpkg knows nothing of this container")
        return
    if host.data.get("is_start"):
        names = ", ".join(missing)
        degrade("packages", f"not installed: {names}; `slipway converge` installs them")
        host.noop("a start installs no packages")
        return
    for name in missing:
        foresight.change(name, "not installed")
    # fmt: off
    yield StringCommand(
        "export DEBIAN_FRONTEND=noninteractive;", "apt-get", "-q", "update",
        "&&", "apt-get", "-q", "-y", "--no-install-recommends", "-o", "Dpkg::Use-Pty=0",
        "install", "--", *map(QuoteString, missing),
    )
    # fmt: on
    yield StringCommand("apt-get", "clean", "&&", "rm", "-rf", f"{_LISTS}/*")
