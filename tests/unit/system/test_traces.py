"""
What installing leaves behind, and what is none of that.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from slipway.system import traces


@pytest.mark.parametrize(
    ("name", "is_trace"),
    [
        ("etc/shadow-", True),
        ("etc/subuid-", True),
        ("etc/machine-id", True),
        ("var/log/dpkg.log", True),
        ("var/log/apt/term.log", True),
        ("var/log/apt/eipp.log.xz", True),
        ("var/log/alternatives.log.1", True),
        ("var/log/supervisor/deep/a.log", True),
        ("var/cache/ldconfig/aux-cache", True),
        ("var/cache/debconf/templates.dat-old", True),
        ("var/cache/apt/pkgcache.bin", True),
        ("var/cache/apt/archives/partial/a.deb", True),
        ("var/cache/fontconfig/abc.cache-7", True),
        ("var/cache/man/fr/index.db", True),
        ("var/lib/dpkg/status-old", True),
        ("var/lib/apt/lists/x_Packages", True),
        ("etc/shadow", False),
        ("etc/a-directory-/file", False),
        ("var/log/wtmp", False),
        ("var/log/README", False),
        ("var/cache/debconf/templates.dat", False),
        ("var/cache/models/llama.bin", False),
        ("var/lib/dpkg/status", False),
        ("tmp/build.log", False),
        ("root/.cache/x", False),
    ],
)
def test_what_nothing_needs_is_found(tmp_path: Path, name: str, *, is_trace: bool) -> None:
    """
    Logs and caches of installers; nothing that a user may have put there.
    """
    path = tmp_path / name
    path.parent.mkdir(parents=True)
    path.touch()

    assert list(traces.found(tmp_path)) == ([path] if is_trace else [])
