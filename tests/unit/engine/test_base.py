"""
The base image: which can be made here, and from which archive.
"""

from __future__ import annotations

import pytest

from engine.base import Archive, archive_of, suite_of

DEBIAN = """\
Debian Packages main bookworm http://mirror.example/debian/
Debian Translations main bookworm http://mirror.example/debian/
Debian Packages main bookworm-updates http://mirror.example/debian/
Debian Packages main bookworm-security http://mirror.example/debian-security/
"""


@pytest.mark.parametrize(
    ("name", "suite"),
    [
        ("debian:bookworm-slim", "bookworm"),
        ("debian:trixie", "trixie"),
        ("debian:12-slim", "bookworm"),
        ("docker.io/library/debian:13", "trixie"),
        ("debian:bullseye-slim", None),
        ("debian", None),
        ("ubuntu:24.04", None),
        ("nvidia/cuda:12.6.0-base-debian12", None),
        ("registry.example/debian:bookworm-slim", None),
        ("debian:bookworm-slim@sha256:00", None),
    ],
)
def test_only_debian_12_and_13_are_made_here(name: str, suite: str | None) -> None:
    """
    A name that means anything else is never given to a Debian of ours.
    """
    assert suite == suite_of(name)


def test_the_mirror_is_the_hosts_own() -> None:
    """
    The main archive and the security one are those of the host's apt.
    """
    expected = Archive("http://mirror.example/debian", "http://mirror.example/debian-security")

    assert expected == archive_of(DEBIAN)


def test_another_vendors_archive_of_the_same_release_is_none_of_debians() -> None:
    """
    A third party's `bookworm`, even listed first and with a `main`, is passed over.
    """
    other = "Docker Packages main bookworm https://other.example/linux/debian/\n"
    archive = archive_of(other + DEBIAN)

    assert archive is not None
    assert archive.main == "http://mirror.example/debian"


def test_before_the_first_update_apt_knows_no_origins() -> None:
    """
    The archive is found all the same.
    """
    archive = archive_of(DEBIAN.replace("Debian ", "$(ORIGIN) "))

    assert archive is not None
    assert archive.security == "http://mirror.example/debian-security"


@pytest.mark.parametrize(
    "targets",
    [
        "",
        DEBIAN.replace("Debian ", "Ubuntu "),
        DEBIAN.replace("http://", "file:///"),
        "Debian Packages main bookworm http://mirror.example/debian/\n",
    ],
)
def test_a_host_without_debians_archive_has_none(targets: str) -> None:
    """
    Ubuntu's archive, one on a disk, or one without security fixes doesn't serve.
    """
    assert archive_of(targets) is None


def test_the_image_gets_updates_and_security_fixes_of_its_own_release() -> None:
    """
    A host of another release lends its mirror, not its release.
    """
    sources = Archive("http://a.example/debian", "http://b.example/sec").sources("trixie")

    assert "URIs: http://a.example/debian\nSuites: trixie trixie-updates\n" in sources
    assert "URIs: http://b.example/sec\nSuites: trixie-security\n" in sources
