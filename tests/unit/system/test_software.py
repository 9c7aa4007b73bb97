"""
Software where it is, and as a document that others can read.
"""

from __future__ import annotations

import json
from pathlib import Path

from slipway.system import software, spdx
from slipway.system.software import Software

BOOKWORM = {"ID": "debian", "VERSION_ID": "12"}
SOFTWARE = [
    Software("deb", "libstdc++6", "12.2.0-14+deb12u1", "amd64"),
    Software("deb", "openssh-server", "1:9.2p1-2+deb12u9", "amd64"),
    Software("pypi", "zope.interface", "8.7"),
    Software("pypi", "zope.interface", "8.6"),
]


def _document(created: float = 0) -> dict[str, object]:
    text = spdx.document(SOFTWARE, version="0.1.0", distribution=BOOKWORM, created=created)
    found: dict[str, object] = json.loads(text)
    return found


def test_distributions_of_every_environment_are_found(tmp_path: Path) -> None:
    """
    In venvs wherever they are, as directories and as single files; Debian's own are its packages.
    """
    for name, text in {
        "opt/demo/lib/python3.11/site-packages/a_b-1.dist-info/METADATA": "Name: a-b\nVersion: 1\n",
        "srv/x/lib/python3.9/site-packages/c.egg-info": "Name: c\nVersion: 2\n\nName: other\n",
        "usr/local/lib/python3.11/dist-packages/d.egg-info/PKG-INFO": "Name: d\nVersion: 3\n",
        "usr/lib/python3/dist-packages/e-4.dist-info/METADATA": "Name: e\nVersion: 4\n",
        "workspace/f-5.dist-info/METADATA": "Name: f\nVersion: 5\n",
        "opt/broken-6.dist-info/METADATA": "nothing: here\n",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "opt/empty-7.dist-info").mkdir()

    found = sorted(software.python(tmp_path))

    assert [(each.name, each.version) for each in found] == [("a-b", "1"), ("c", "2"), ("d", "3")]


def test_addresses_are_those_that_scanners_know() -> None:
    """
    What is special in an address is escaped, PyPI's names are PEP 503's.
    """
    assert [spdx.purl(each, BOOKWORM) for each in SOFTWARE[:3]] == [
        "pkg:deb/debian/libstdc%2B%2B6@12.2.0-14%2Bdeb12u1?arch=amd64&distro=debian-12",
        "pkg:deb/debian/openssh-server@1%3A9.2p1-2%2Bdeb12u9?arch=amd64&distro=debian-12",
        "pkg:pypi/zope-interface@8.7",
    ]


def test_the_same_software_has_the_same_name() -> None:
    """
    Whenever it is written; other software has another.
    """
    first, second = _document(0), _document(86400)
    other = spdx.document(SOFTWARE[1:], version="0.1.0", distribution=BOOKWORM, created=0)

    assert first["documentNamespace"] == second["documentNamespace"]
    assert first["creationInfo"] != second["creationInfo"]
    assert spdx.namespace(other) not in ("", first["documentNamespace"])
    assert spdx.namespace("no document") == ""


def test_each_package_has_an_identifier_of_its_own() -> None:
    """
    Of the letters that SPDX allows: two versions of one name are two packages.
    """
    packages = _document()["packages"]
    assert isinstance(packages, list)
    identifiers = [package["SPDXID"] for package in packages]

    assert len(set(identifiers)) == len(SOFTWARE) + 1
    assert all(set(each) <= {*map(chr, range(128))} - {*"+:_~"} for each in identifiers)
