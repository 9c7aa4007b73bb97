"""
Packages: installed when somebody asks, never by a start.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest
from pyinfra.context import ctx_host

from slipway.facts.files import FileText
from slipway.facts.packages import InstalledPackages, Packages
from slipway.facts.rivals import Relations, Rivals
from slipway.operations import packages
from tests.unit.conftest import FactHost, Run


def test_what_is_missing_is_installed(run: Run) -> None:
    commands = run(
        packages.installed,
        packages=["zip", "curl"],
        facts={InstalledPackages: Packages({"zip"}), Rivals: {}},
    )

    assert len(commands) == 2
    assert "install --reinstall -- curl ;" in commands[0]
    assert (
        run(packages.installed, packages=["zip"], facts={InstalledPackages: Packages({"zip"})})
        == []
    )


def test_a_start_installs_none_and_says_so() -> None:
    """
    SSH does not wait for the network, and who removed a package is not overruled.
    """
    host = FactHost({InstalledPackages: Packages({"zip"}), Rivals: {}})
    host.data["is_start"] = True
    with ctx_host.use(host):
        commands = list(packages.installed._inner(packages=["zip", "curl"]))  # noqa: SLF001
    (entry,) = host.connector_data["degraded"]

    assert commands == []
    assert str(entry) == "packages: not installed: curl; `slipway converge` installs them"


def test_a_package_that_lacks_a_program_is_installed_again(run: Run) -> None:
    """
    Installed as dpkg has it, and nobody can run it.
    """
    seen = Packages({"zip", "curl"}, {"zip": "/usr/bin/zip"})
    commands = run(packages.installed, packages=["zip", "curl"], facts={InstalledPackages: seen})

    assert "install --reinstall -- zip ;" in commands[0]
    assert "&& [ $code = 0 ]" in commands[0]


def test_nothing_is_installed_where_nothing_is_known() -> None:
    """
    Neither by a start nor by hand: apt would fetch a whole system, and fail half-way.
    """
    host = FactHost({InstalledPackages: Packages(set(), is_known=False)})
    with ctx_host.use(host):
        commands = list(packages.installed._inner(packages=["zip"]))  # noqa: SLF001
    (entry,) = host.connector_data["degraded"]

    assert commands == []
    assert "dpkg can't read its database" in str(entry)


def test_nothing_is_removed_for_a_package() -> None:
    """
    One that another excludes stays out and is noted; the others are installed.
    """
    facts = {InstalledPackages: Packages({"zip"}), Rivals: {"fuse3": "fuse"}}
    host = FactHost(facts)
    host.data["live"] = True
    with ctx_host.use(host):
        commands = list(packages.installed._inner(packages=["zip", "fuse3"]))  # noqa: SLF001
        more = list(packages.installed._inner(packages=["fuse3", "curl"]))  # noqa: SLF001

    assert commands == []
    assert [str(note) for note in host.connector_data["notes"][:1]] == [
        "fuse3: not installed, as it can't be beside fuse, which is"
    ]
    assert len(more) == 1
    assert "--no-remove" in str(more[0])
    assert "-- curl ;" in str(more[0])


class Apt(NamedTuple):
    """
    What apt-get and dpkg-query end with, what this prints, and whether packages are installed then.
    """

    code: int
    dpkg: int
    printed: str
    lacking: dict[str, str]
    installed: bool


@pytest.mark.parametrize(
    "apt",
    [
        Apt(0, 0, "installed", {}, installed=True),
        Apt(100, 0, "installed", {}, installed=True),  # another package is half configured
        Apt(100, 0, "installed", {"zip": "/usr/bin/zip"}, installed=False),
        Apt(0, 0, "installed", {"zip": "/usr/bin/zip"}, installed=True),
        Apt(0, 0, "half-configured\\ninstalled", {}, installed=False),
        Apt(100, 1, "installed", {}, installed=False),  # one is not known to it
        Apt(100, 1, "", {}, installed=False),
    ],
)
def test_dpkg_tells_whether_packages_are_installed(tmp_path: Path, run: Run, apt: Apt) -> None:
    """
    And apt-get where a package that is installed lacks a program.
    """
    for name, code in (("apt-get", apt.code), ("dpkg-query", apt.dpkg)):
        words = f"[ {name} = apt-get ] || printf '{apt.printed}\\n'"
        (tmp_path / name).write_text(f"#!/bin/sh\n{words}\nexit {code}\n")
        (tmp_path / name).chmod(0o755)
    command, *_ = run(
        packages.installed,
        packages=["zip", "curl"],
        facts={InstalledPackages: Packages({"zip"}, apt.lacking), Rivals: {}},
    )
    path = f"{tmp_path}:{os.environ['PATH']}"
    done = subprocess.run(["sh", "-c", command], env={"PATH": path}, check=False)

    assert (done.returncode == 0) is apt.installed


def test_what_packages_exclude_is_noted_once(run: Run) -> None:
    lines = ["fuse3\tfuse\tfuse"]
    new = run(
        packages.related,
        packages=["fuse3"],
        record="/r",
        facts={Relations: lines, FileText: "cron\tbcron\t\n"},
    )
    again = run(
        packages.related,
        packages=["fuse3"],
        record="/r",
        facts={Relations: [], FileText: "fuse3\tfuse\tfuse\n"},
    )

    assert new != []
    assert again == []
