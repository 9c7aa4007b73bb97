"""
Debian's packages: installed ones.
"""

from __future__ import annotations

import shutil

import pytest

from slipway.facts.packages import InstalledPackages
from tests.unit.facts.conftest import ask


@pytest.mark.skipif(shutil.which("dpkg-query") is None, reason="not made of Debian's packages")
def test_installed_packages_are_told_from_unknown_ones() -> None:
    """
    One that dpkg does not know costs the others nothing.
    """
    packages = ["dpkg", "no-such-package", "base-files"]

    assert ask(InstalledPackages(), packages=packages) == {"dpkg", "base-files"}


def test_only_configured_packages_are_installed() -> None:
    """
    What was removed but for its configuration, or broke while unpacking, is not.
    """
    output = [
        "installed acl",
        "config-files nano",
        "half-configured git",
        "not-installed less",
        "unpacked screen",
    ]

    assert InstalledPackages().process(output) == {"acl"}
