"""
Debian's packages: installed ones.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from slipway.connectors.native import Inside
from slipway.facts import packages as facts
from slipway.facts.packages import InstalledPackages, Packages
from tests.unit.facts.conftest import ask


@pytest.mark.skipif(shutil.which("dpkg-query") is None, reason="not made of Debian's packages")
def test_installed_packages_are_told_from_unknown_ones() -> None:
    """
    One that dpkg does not know costs the others nothing.
    """
    packages = ["no-such-package", "base-files"]

    assert ask(InstalledPackages(), packages=packages) == Packages({"base-files"})


def test_only_configured_packages_are_installed() -> None:
    """
    What was removed but for its configuration, or broke while unpacking, is not.
    """
    output = [
        "installed acl",
        "installed dpkg",
        "config-files nano",
        "half-configured git",
        "not-installed less",
        "unpacked screen",
    ]

    assert InstalledPackages().process(output) == Packages({"acl"})


LISTS = {
    "zip.list": ["/.", "/usr/bin/zip", "/usr/share/doc/zip"],
    "xz-utils:amd64.list": ["/usr/bin/xz", "/usr/lib/x"],
    "tree.list": ["{here}/bin/tree"],
    "tree2.list": ["/usr/bin/nothing-of-ours"],
    "vim.list": ["/usr/bin/diverted-away"],
}


@pytest.mark.parametrize("form", ["inside", "outside"])
def test_a_package_without_its_programs_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    """
    As its list has them, a directory of programs deep; what is diverted is somewhere else.
    """
    (tmp_path / "info").mkdir()
    for name, lines in LISTS.items():
        (tmp_path / "info" / name).write_text("\n".join([*lines, ""]))
    (tmp_path / "diversions").write_text("/usr/bin/diverted-away\n/usr/bin/x\n:\n")
    monkeypatch.setattr(facts, "_DATABASE", str(tmp_path))
    monkeypatch.setattr(facts, "_DIVERSIONS", str(tmp_path / "diversions"))
    there = {"/usr/bin/xz"}
    monkeypatch.setattr(os.path, "lexists", lambda path: path in there)
    names = ["zip", "xz-utils", "tree", "vim"]
    command = InstalledPackages().command(packages=names)
    assert isinstance(command, Inside)
    output = command.act().stdout if form == "inside" else _shell(command, "/usr/bin/zip")

    lines = [f"installed {name}" for name in (*names, "dpkg")] + output.decode().splitlines()
    assert InstalledPackages().process(lines).lacking == {"zip": "/usr/bin/zip"}


def _shell(command: Inside, gone: str) -> bytes:
    """
    Run its shell text where one program is gone and all others are there.
    """
    text = command.get_raw_value().replace('[ -e "$path" ]', f'[ "$path" != {gone} ]')
    return subprocess.run(["sh", "-c", text], check=False, capture_output=True).stdout


@pytest.mark.parametrize(
    "output", [[], ["installed acl"], ["dpkg-query: error"], ["not-installed dpkg", "installed a"]]
)
def test_a_database_that_does_not_know_dpkg_is_no_answer(output: list[str]) -> None:
    """
    It is gone, broken or another system's: nothing follows from what it does not say.
    """
    assert not InstalledPackages().process([*output]).is_known
    assert not InstalledPackages.default().is_known
