"""
Debian packages.
"""

from __future__ import annotations

from collections.abc import Generator

from pyinfra import host
from pyinfra.api import QuoteString, StringCommand

from slipway.facts.packages import InstalledPackages
from slipway.operations import foresight
from slipway.operations.degraded import degrade
from slipway.operations.independent import operation
from slipway.system.counting import counted

_LISTS = "/var/lib/apt/lists"


@operation()
def installed(*, packages: list[str]) -> Generator[StringCommand]:
    """
    Have these packages, in whatever version is there; apt runs only when one is missing.

    A start installs none: SSH would wait for the network, and who built the image may have removed
    them. What is missing then is said, and `slipway converge` installs it.

    Package lists are fetched before and removed after, so that no image layer holds them.

    + packages: names in the base's archive
    """
    seen = host.get_fact(InstalledPackages, packages=packages)
    if not seen.is_known:
        degrade("packages", "dpkg can't read its database: what is installed is not known")
        host.noop("dpkg does not answer")
        return
    missing = sorted(set(packages) - seen.installed)
    lacking = {name: path for name, path in sorted(seen.lacking.items()) if name in packages}
    if not missing and not lacking:
        host.noop(f"{counted(len(packages), 'package is', 'packages are')} installed")
        return
    if host.data.get("is_start"):
        degrade("packages", f"{_said(missing, lacking)}; `slipway converge` installs them")
        host.noop("a start installs no packages")
        return
    for name in missing:
        foresight.change(name, "not installed")
    for name, path in lacking.items():
        foresight.change(name, f"{path} is missing")
    words = [*map(QuoteString, missing + list(lacking))]
    # fmt: off
    yield StringCommand(
        "export DEBIAN_FRONTEND=noninteractive;", "apt-get", "-q", "update",
        "&&", "apt-get", "-q", "-y", "--no-install-recommends", "-o", "Dpkg::Use-Pty=0",
        "-o", "DPkg::Lock::Timeout=30", "install", "--reinstall", "--", *words, "&& {",
        # of a package that was half installed apt says no more than that it has the newest version
        '[ "$(', "dpkg-query", "-W", "-f", "'${db:Status-Status}\\n'", "--", *words,
        "| sort -u", ')" = installed ] || { echo "apt-get has not installed all of them"',
        ">&2; exit 1; }; }",
    )
    # fmt: on
    yield StringCommand("apt-get", "clean", "&&", "rm", "-rf", f"{_LISTS}/*")


def _said(missing: list[str], lacking: dict[str, str]) -> str:
    """
    Say what is not there.
    """
    absent = [f"not installed: {', '.join(missing)}"] if missing else []
    parts = [f"{name} without {path}" for name, path in lacking.items()]
    return "; ".join(absent + parts)
