"""
Files of extensions: who lays which, and who may replace whose.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from slipway.converge import extension_files
from slipway.environment.extensions import Extensions, Found
from slipway.settings.extension import Extension


def found(place: Path, name: str, *files: str, requires: tuple[str, ...] = ()) -> Found:
    for path in files:
        at = place / name / f"files{path}"
        at.parent.mkdir(parents=True, exist_ok=True)
        at.write_text(name)
    return Found(name, place / name, Extension(requires=requires))


def laid(*each: Found) -> tuple[dict[str, list[str]], list[str]]:
    by_name, problems = extension_files.of(Extensions(each))
    return {name: [*one.files, *one.links] for name, one in by_name.items()}, [
        problem.why for problem in problems
    ]


def test_each_lays_its_own(tmp_path: Path) -> None:
    """
    At the path that mirrors where it is.
    """
    a, b = found(tmp_path, "a", "/etc/a.conf", "/usr/local/bin/a"), found(tmp_path, "b", "/etc/b")

    assert laid(a, b) == ({"a": ["/etc/a.conf", "/usr/local/bin/a"], "b": ["/etc/b"]}, [])


def test_who_requires_the_other_replaces_its_file(tmp_path: Path) -> None:
    """
    It says so by requiring it; the first one leaves the file to it, so that nothing alternates.
    """
    a = found(tmp_path, "a", "/etc/x")
    b = found(tmp_path, "b", "/etc/y", requires=("a",))
    c = found(tmp_path, "c", "/etc/x", requires=("b",))

    assert laid(a, b, c) == ({"a": [], "b": ["/etc/y"], "c": ["/etc/x"]}, [])


def test_two_strangers_cannot_have_one_file(tmp_path: Path) -> None:
    """
    The later one is refused by name, and lays the rest.
    """
    a, b = found(tmp_path, "a", "/etc/x"), found(tmp_path, "b", "/etc/x", "/etc/y")
    files, problems = laid(a, b)

    assert files == {"a": ["/etc/x"], "b": ["/etc/y"]}
    assert problems == [
        f"{tmp_path}/b/files/etc/x: /etc/x is a's; with requires=['a'] it would be replaced"
    ]


@pytest.mark.parametrize(
    "path",
    [
        "/etc/ssh/sshd_config.d/00-slipway.conf",
        "/etc/supervisor/supervisord.conf",
        "/etc/supervisor/conf.d/sshd.conf",
        "/etc/profile.d/slipway.sh",
        "/usr/local/bin/slipway",
        "/opt/slipway/slipway/__init__.py",
        "/etc/slipway/b/extension.py",
        "/run/demo",
        "/proc/demo",
        "/dev/demo",
        "/sys/demo",
    ],
)
def test_what_ssh_stands_on_is_nobodys(tmp_path: Path, path: str) -> None:
    """
    And what lies where nothing of an image's can be.
    """
    files, problems = laid(found(tmp_path, "a", path, "/etc/a"))

    assert files == {"a": ["/etc/a"]}
    assert problems == [f"{tmp_path}/a/files{path}: {path} is Slipway's own place"]


def test_the_greeting_may_be_replaced(tmp_path: Path) -> None:
    """
    Then ours is not laid.
    """
    added = Extensions((found(tmp_path, "a", "/etc/motd"),))

    assert extension_files.replaced(added) == {"/etc/motd"}
    assert extension_files.of(added)[1] == []


def test_links_are_links(tmp_path: Path) -> None:
    """
    Of files and of directories, wherever they lead.
    """
    one = found(tmp_path, "a", "/etc/a")
    (tmp_path / "a/files/etc/b").symlink_to("a")
    (tmp_path / "a/files/etc/c").symlink_to("/srv")
    (by_name, _) = extension_files.of(Extensions((one,)))

    assert by_name["a"].links == {"/etc/b": "a", "/etc/c": "/srv"}
    assert list(by_name["a"].files) == ["/etc/a"]


def test_a_program_stays_executable(tmp_path: Path) -> None:
    """
    Other modes are the usual one.
    """
    source = tmp_path / "x"
    source.write_text("#!/bin/sh\n")
    source.chmod(0o700)
    assert extension_files.file("/x", source).mode == "755"
    source.chmod(0o600)
    assert extension_files.file("/x", source).mode == "644"
