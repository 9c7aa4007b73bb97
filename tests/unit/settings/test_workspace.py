"""
Which directories may be the workspace.
"""

from __future__ import annotations

import pytest

from slipway.settings.load import load
from tests.unit.settings.conftest import refused


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", "/workspace"),
        ("/workspace/", "/workspace"),
        ("/workspace//", "/workspace"),
        ("//data", "/data"),
        ("/data/../data/x", "/data/x"),
        ("/root/x", "/root/x"),
        ("/home/user", "/home/user"),
        ("/opt/x", "/opt/x"),
        ("/mnt", None),
        ("/mnt/disk", "/mnt/disk"),
        ("/data", "/data"),
        ("/my data/ü", "/my data/ü"),
        ("/libraries", None),
        ("/usrdata", "/usrdata"),
        ("/etcetera", "/etcetera"),
    ],
)
def test_a_workspace_is_canonical(value: str, expected: str | None) -> None:
    """
    An absolute path without detours; spaces and any UTF-8 are fine.
    """
    loaded = load({"WORKSPACE": value})

    assert loaded.settings.workspace == (expected or "/workspace")
    assert refused(loaded) == ([] if expected else ["WORKSPACE"])


# fmt: off
SYSTEM = [
    "/", "//", "/root", "/root/", "/home", "/opt", "/mnt", "/srv", "/media", "/tmp", "/root/.ssh",
    "/root/.config/x", "/opt/slipway", "/opt/slipway/venv", "/bin", "/boot/x", "/dev", "/dev/shm",
    "/etc", "/etc/ssh", "/lib", "/lib64/x", "/proc/1", "/run", "/run/x", "/sbin", "/sys", "/usr",
    "/usr/local/data", "/var", "/var/lib/x", "/data/../etc", "/workspace/../root/.ssh",
]
# fmt: on


@pytest.mark.parametrize("value", SYSTEM)
def test_the_system_is_no_workspace(value: str) -> None:
    """
    An ACL there would open the system to a user: refused, and the default is used.
    """
    loaded = load({"WORKSPACE": value})

    assert loaded.settings.workspace == "/workspace"
    assert refused(loaded) == ["WORKSPACE"]


@pytest.mark.parametrize("value", ["data", "./data", "~", "$HOME", "/a\nb", "/a\0b", "C:\\data"])
def test_a_workspace_is_absolute_and_on_one_line(value: str) -> None:
    """
    Relative paths and control characters are refused.
    """
    assert refused(load({"WORKSPACE": value})) == ["WORKSPACE"]


def test_a_link_into_the_system_is_seen() -> None:
    """
    What counts is where a path leads.
    """
    loaded = load({"WORKSPACE": "/data"}, resolve=lambda path: "/etc" + path)

    assert (loaded.settings.workspace, refused(loaded)) == ("/workspace", ["WORKSPACE"])


def test_a_link_elsewhere_is_followed() -> None:
    """
    The workspace is the place itself, not the link.
    """
    assert load({"WORKSPACE": "/data"}, resolve=lambda _: "/mnt/b").settings.workspace == "/mnt/b"


@pytest.mark.parametrize(
    "value", ["/a\x7fb", "/\udcff", f"/{'x' * 256}", "/x" * 2000, "/a\x1b[31m", "/var/link"]
)
def test_a_path_that_nothing_could_make_or_print_is_none(value: str) -> None:
    """
    Control characters, no UTF-8, longer than Linux allows; and as it is written, /var stays /var.
    """
    loaded = load({"WORKSPACE": value}, resolve=lambda path: path.replace("/var/link", "/data"))

    assert (loaded.settings.workspace, refused(loaded)) == ("/workspace", ["WORKSPACE"])


def test_a_path_is_resolved_as_the_kernel_does() -> None:
    """
    `..` behind a link leads to the parent of where the link leads; the default may be a link, too.
    """
    links = {"/data/link/../x": "/mnt/disk/x", "/workspace": "/mnt/volume"}

    for value, expected in (("/data/link/../x", "/mnt/disk/x"), ("", "/mnt/volume")):
        loaded = load({"WORKSPACE": value}, resolve=links.__getitem__)
        assert (loaded.settings.workspace, loaded.refusals) == (expected, ())


@pytest.mark.parametrize("error", [OSError(40, "Too many levels"), ValueError("embedded null")])
def test_a_path_that_can_not_be_followed_is_none(error: Exception) -> None:
    """
    A loop of links, say: refused, not raised.
    """

    def resolve(path: str) -> str:
        if path != "/workspace":
            raise error
        return path

    (refusal,) = load({"WORKSPACE": "/loop"}, resolve=resolve).refusals
    assert (refusal.variable, refusal.rule) == ("WORKSPACE", "must be a path that can be followed")
