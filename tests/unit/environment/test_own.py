"""
Our own programs find the system's tools, whatever the container's variables say.
"""

from __future__ import annotations

import os

import pytest

from slipway.environment import own

SYSTEM = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("", SYSTEM),
        (None, SYSTEM),
        ("/nowhere", f"/nowhere:{SYSTEM}"),
        (".:bin:", SYSTEM),
        ("/opt/conda/bin:/usr/bin", "/opt/conda/bin:/usr/bin:" + SYSTEM.replace("/usr/bin:", "")),
        (SYSTEM, SYSTEM),
    ],
)
def test_the_systems_directories_are_on_our_path(
    monkeypatch: pytest.MonkeyPatch, given: str | None, expected: str
) -> None:
    """
    After the user's, so that his own tools still come first; what depends on where we are goes.
    """
    monkeypatch.delenv("PATH")
    if given is not None:
        monkeypatch.setenv("PATH", given)
    own.take()

    assert os.environ["PATH"] == expected


def test_what_has_tools_say_something_else_is_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    What is no such variable stays.
    """
    for name in ("POSIXLY_CORRECT", "DPKG_ROOT", "GIT_DIR", "BASH_ENV", "HTTP_PROXY"):
        monkeypatch.setenv(name, "1")
    own.take()

    assert os.environ["HTTP_PROXY"] == "1"
    assert not {"POSIXLY_CORRECT", "DPKG_ROOT", "GIT_DIR", "BASH_ENV"} & set(os.environ)
