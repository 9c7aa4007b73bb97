"""
Packages: installed when somebody asks, never by a start.
"""

from __future__ import annotations

import pytest
from pyinfra.context import ctx_host

from slipway.facts.files import FileStates
from slipway.facts.packages import InstalledPackages
from slipway.operations import packages
from tests.unit.conftest import FactHost, Run


def test_what_is_missing_is_installed(run: Run) -> None:
    commands = run(packages.installed, packages=["zip", "curl"], facts={InstalledPackages: {"zip"}})

    assert len(commands) == 2
    assert commands[0].endswith("install -- curl")
    assert run(packages.installed, packages=["zip"], facts={InstalledPackages: {"zip"}}) == []


@pytest.mark.parametrize("is_start", [False, True])
def test_where_dpkg_knows_nothing_nothing_is_installed(*, is_start: bool) -> None:
    """
    A tmpfs at /var hides its database; that is said in our words, not in apt's.
    """
    host = FactHost({InstalledPackages: set(), FileStates: {}})
    host.data["is_start"] = is_start
    with ctx_host.use(host):
        commands = list(packages.installed._inner(packages=["zip", "curl"]))  # noqa: SLF001
    (entry,) = host.connector_data["degraded"]

    assert commands == []
    assert str(entry) == (
        "packages: /var/lib/dpkg/status is not here, hidden by a mount perhaps: "
        "apt can install nothing"
    )


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
