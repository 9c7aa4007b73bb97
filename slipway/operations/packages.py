"""
Debian packages.
"""

from __future__ import annotations

from collections.abc import Generator

from pyinfra import host
from pyinfra.api import QuoteString, StringCommand

from slipway.facts.files import FileText
from slipway.facts.packages import InstalledPackages
from slipway.operations import foresight
from slipway.operations.degraded import degrade, note
from slipway.operations.files import Command, File, replaced
from slipway.operations.independent import operation
from slipway.system.counting import counted

_LISTS = "/var/lib/apt/lists"


@operation()
def installed(*, packages: list[str]) -> Generator[StringCommand]:
    """
    Have these packages, in whatever version is there; apt runs only when one is missing.

    A start installs none: SSH would wait for the network, and who built the image may have removed
    them. What is missing then is said, and `slipway converge` installs it.

    One that can't be installed beside another that is there stays out: nothing is removed for it,
    and the report notes it. Files that somebody has changed stay as they are. An image layer holds
    no package lists; a container keeps those that it has.

    + packages: names in the base's archive
    """
    seen = host.get_fact(InstalledPackages, packages=packages)
    if not seen.is_known:
        degrade("packages", "dpkg can't read its database: what is installed is not known")
        host.noop("dpkg does not answer")
        return
    missing = _missing(sorted(set(packages) - seen.installed))
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
    yield _install(missing + list(lacking), is_lacking=bool(lacking))
    if not host.data.get("live"):
        yield StringCommand("apt-get", "clean", "&&", "rm", "-rf", f"{_LISTS}/*")


@operation()
def related(*, packages: list[str], record: str) -> Generator[Command]:
    """
    Note what these packages can't be installed beside, for when one of them is gone.

    + packages: those to note, as far as they are there
    + record: the file; what it says of others stays
    """
    from slipway.facts import rivals  # noqa: PLC0415 - no start needs it

    text = host.get_fact(FileText, path=record)
    present: list[str] = host.get_fact(rivals.Relations, packages=packages)
    wanted = rivals.merged(present, text.splitlines())
    if wanted == text:
        host.noop("it is noted")
        return
    foresight.change(record, "content differs" if text else "missing")
    yield from replaced([File(record, wanted.encode())])


def _missing(names: list[str]) -> list[str]:
    """
    Return those that can be installed, and note the others.
    """
    if not names:
        return []
    from slipway.facts.rivals import Rivals  # noqa: PLC0415 - few starts need it

    excluded: dict[str, str] = host.get_fact(Rivals, packages=names)
    for name, rival in excluded.items():
        note(name, f"not installed, as it can't be beside {rival}, which is")
    return [name for name in names if name not in excluded]


def _install(names: list[str], *, is_lacking: bool) -> StringCommand:
    """
    Return the command that installs packages; whether it has is dpkg's to say.

    A source of somebody's that can't be fetched, or a package of his that is half configured, has
    apt-get fail and costs ours nothing. Of a package that was half installed apt-get says no more
    than that it has the newest version.

    + is_lacking: some are installed as dpkg has it, so that apt-get's own word counts
    """
    words = [*map(QuoteString, names)]
    counts = ["&& [ $code = 0 ]"] if is_lacking else []
    # fmt: off
    return StringCommand(
        "export DEBIAN_FRONTEND=noninteractive;", "apt-get", "-q", "update;",
        "apt-get", "-q", "-y", "--no-install-recommends", "--no-remove", "-o", "Dpkg::Use-Pty=0",
        "-o", "Dpkg::Options::=--force-confdef", "-o", "Dpkg::Options::=--force-confold",
        "-o", "DPkg::Lock::Timeout=30", "install", "--reinstall", "--", *words, "; code=$?;",
        "seen=$(", "dpkg-query", "-W", "-f", "'${db:Status-Status}\\n'", "--", *words,
        '2>/dev/null ) && [ "$( echo "$seen" | sort -u )" = installed ]', *counts,
        "|| { [ $code != 0 ] || echo apt-get has not installed all of them >&2; exit 1; }",
    )
    # fmt: on


def _said(missing: list[str], lacking: dict[str, str]) -> str:
    """
    Say what is not there.
    """
    absent = [f"not installed: {', '.join(missing)}"] if missing else []
    parts = [f"{name} without {path}" for name, path in lacking.items()]
    return "; ".join(absent + parts)
