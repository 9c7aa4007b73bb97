"""
Packages: installed when somebody asks, never by a start.
"""

from __future__ import annotations

from pyinfra.context import ctx_host

from slipway.facts.packages import InstalledPackages
from slipway.operations import packages
from tests.unit.conftest import FactHost, Run


def test_what_is_missing_is_installed(run: Run) -> None:
    commands = run(packages.installed, packages=["zip", "curl"], facts={InstalledPackages: {"zip"}})

    assert len(commands) == 2
    assert commands[0].endswith("install -- curl")
    assert run(packages.installed, packages=["zip"], facts={InstalledPackages: {"zip"}}) == []


def test_a_start_installs_none_and_says_so() -> None:
    """
    SSH does not wait for the network, and who removed a package is not overruled.
    """
    host = FactHost({InstalledPackages: {"zip"}})
    host.data["is_start"] = True
    with ctx_host.use(host):
        commands = list(packages.installed._inner(packages=["zip", "curl"]))  # noqa: SLF001
    (entry,) = host.connector_data["degraded"]

    assert commands == []
    assert str(entry) == "packages: not installed: curl; `slipway converge` installs them"
