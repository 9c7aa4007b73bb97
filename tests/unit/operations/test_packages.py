"""
Packages: installed when somebody asks, never by a start.
"""

from __future__ import annotations

from pyinfra.context import ctx_host

from slipway.facts.packages import InstalledPackages, Packages
from slipway.operations import packages
from tests.unit.conftest import FactHost, Run


def test_what_is_missing_is_installed(run: Run) -> None:
    commands = run(
        packages.installed, packages=["zip", "curl"], facts={InstalledPackages: Packages({"zip"})}
    )

    assert len(commands) == 2
    assert "install --reinstall -- curl && {" in commands[0]
    assert (
        run(packages.installed, packages=["zip"], facts={InstalledPackages: Packages({"zip"})})
        == []
    )


def test_a_start_installs_none_and_says_so() -> None:
    """
    SSH does not wait for the network, and who removed a package is not overruled.
    """
    host = FactHost({InstalledPackages: Packages({"zip"})})
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

    assert "install --reinstall -- zip && {" in commands[0]


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
