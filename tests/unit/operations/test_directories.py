"""
Directories: made, given back to root and closed; what is mounted is left alone and named.
"""

from __future__ import annotations

import pytest

from slipway.facts.mounts import Mounts
from slipway.facts.places import Place, Places
from slipway.operations import directories
from slipway.system.mountinfo import Mount
from tests.unit.conftest import Run

OPEN = Place("directory", "directory", "777", "root")
THEIRS = Place("directory", "directory", "700", "UNKNOWN")
ASIDE = "rmdir -- /d 2>/dev/null || mv -T --backup=numbered -- /d /d.replaced"


def mounted(point: str, options: str = "rw", kind: str = "ext4") -> list[Mount]:
    """
    Return the mounts of a container with one more.
    """
    root = Mount("/", "overlay", "overlay", frozenset({"rw"}), shared=False)
    return [root, Mount(point, kind, "/dev/x", frozenset({options}), shared=False)]


def test_directories_are_made_and_their_modes_kept(run: Run) -> None:
    """
    "" leaves a directory's mode to whoever owns it.
    """
    places = {"/w": Place("directory", "directory", "777", "1234")}
    wanted = {"/w": "", "/run/sshd": "755"}

    assert run(directories.present, directories=wanted, facts={Places: places}) == [
        "mkdir -p -- /run/sshd && chmod 00755 -- /run/sshd"
    ]


@pytest.mark.parametrize(
    ("place", "commands"),
    [
        (Place("directory", "directory", "755", "root"), []),
        (Place("directory", "directory", "755", "root", "adm"), ["chown 0:0 -- /d"]),
        (Place("symbolic link", "directory", "755", "root"), []),
        (None, ["mkdir -p -- /d && chmod 00755 -- /d"]),
        (OPEN, ["chmod 00755 -- /d"]),
        (THEIRS, ["chown 0:0 -- /d && chmod 00755 -- /d"]),
        (
            Place("regular file", "regular file", "644", "root"),
            [ASIDE, "mkdir -p -- /d && chmod 00755 -- /d"],
        ),
        (Place("symbolic link", "", "", ""), [ASIDE, "mkdir -p -- /d && chmod 00755 -- /d"]),
        (
            Place("symbolic link", "regular file", "644", "root"),
            [ASIDE, "mkdir -p -- /d && chmod 00755 -- /d"],
        ),
    ],
)
def test_a_directory_is_brought_about_from_whatever_is_there(
    run: Run, place: Place | None, commands: list[str]
) -> None:
    """
    What is in its place is kept, a link to a directory is one.
    """
    facts = {Places: {"/d": place} if place else {}}

    assert run(directories.present, directories={"/d": "755"}, facts=facts) == commands


def test_what_is_guarded_may_be_more_open_than_ours(run: Run) -> None:
    """
    Others may look, nobody but root may write; and what is not there is not made.
    """
    wanted = {"/root": "700", "/root/.ssh": "700", "/gone": "700", "/b": "700"}
    places = {
        "/root": Place("directory", "directory", "755", "root"),
        "/root/.ssh": OPEN,
        "/b": THEIRS,
    }

    assert run(directories.guarded, directories=wanted, facts={Places: places}) == [
        "chmod 00700 -- /root/.ssh",
        "chown 0:0 -- /b",
    ]


@pytest.mark.parametrize(
    ("place", "mounts", "is_named"),
    [
        (OPEN, mounted("/d"), True),
        (THEIRS, mounted("/d"), True),
        (OPEN, mounted("/d", "ro"), True),
        (None, mounted("/", "ro"), True),
        (Place("directory", "directory", "711", "root"), mounted("/d"), False),
        (Place("directory", "no answer", "", ""), mounted("/d", kind="fuse.x"), True),
    ],
)
def test_what_is_mounted_stays_and_is_named(
    run: Run, place: Place | None, mounts: list[Mount], *, is_named: bool
) -> None:
    """
    Another mode than ours that lets nobody in is nothing to speak of.
    """
    facts = {Places: {"/d": place} if place else {}, Mounts: mounts}

    assert run(directories.present, directories={"/d": "755"}, facts=facts) == []
    assert [entry.feature for entry in run.host.connector_data.get("degraded", [])] == (
        ["/d"] if is_named else []
    )


def test_a_tmpfs_and_what_lies_in_a_mount_is_ours_to_close(run: Run) -> None:
    """
    `--tmpfs /root` has mode 1777; a key directory in a volume that is root's was ours before.
    """
    tmpfs = {Places: {"/d": OPEN}, Mounts: mounted("/d", kind="tmpfs")}
    inside = {Places: {"/d": OPEN}, Mounts: mounted("/")}

    for facts in (tmpfs, inside):
        assert run(directories.guarded, directories={"/d": "700"}, facts=facts) == [
            "chmod 00700 -- /d"
        ]
