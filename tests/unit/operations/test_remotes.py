"""
Remotes: which programs there are, and who may read rclone's configuration.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from slipway.facts.files import FileStates
from slipway.facts.mounts import FuseObstacle, Mounts
from slipway.facts.rclone import (
    Beside,
    BesideConfiguration,
    Configuration,
    RcloneConfiguration,
    RcloneRemotes,
    RemotePrograms,
)
from slipway.facts.supervisor import SupervisordState
from slipway.operations import remotes
from slipway.system.mountinfo import Mount
from tests.unit.conftest import Run

OPEN = Configuration("644", is_changeable=True, digests={"far": "abc"})


def test_a_configuration_that_others_can_read_is_closed(run: Run) -> None:
    """
    Whatever mode its mount brought.
    """
    facts = {RcloneConfiguration: OPEN}

    assert run(remotes.private, path="/a b", facts=facts) == ["chmod 600 -- '/a b'"]
    assert run.host.connector_data == {}


@pytest.mark.parametrize(
    "seen",
    [None, OPEN._replace(mode="600"), OPEN._replace(mode="400"), OPEN._replace(mode="")],
    ids=["none", "600", "400", "a link"],
)
def test_one_that_is_closed_or_no_file_is_left_alone(run: Run, seen: Configuration | None) -> None:
    """
    No command, no complaint.
    """
    assert run(remotes.private, path="/x", facts={RcloneConfiguration: seen}) == []
    assert run.host.connector_data == {}


def test_one_that_can_not_be_closed_is_named(run: Run) -> None:
    """
    A read-only mount: nothing fails, and it is said, if there is a remote in it.
    """
    fixed = OPEN._replace(is_changeable=False)

    assert run(remotes.private, path="/x", facts={RcloneConfiguration: fixed}) == []
    (entry,) = run.host.connector_data["degraded"]
    assert entry.feature == "rclone.conf"
    empty = fixed._replace(digests={})
    assert run(remotes.private, path="/x", facts={RcloneConfiguration: empty}) == []
    assert run.host.connector_data == {}


CONF = "/etc/rclone/rclone.conf"


def mount(point: str, *options: str) -> Mount:
    """
    Return a bind mount.
    """
    return Mount(point, "ext4", "/dev/vda", frozenset(options or {"rw"}), shared=False)


@pytest.mark.parametrize(
    ("mounted", "mode", "real", "is_named"),
    [
        (mount("/etc/rclone"), "600", CONF, False),
        (mount("/"), "600", CONF, False),
        (mount(CONF), "600", CONF, True),
        (mount(CONF, "ro"), "600", CONF, False),
        (mount("/kept/mine.conf"), "", "/kept/mine.conf", True),
        (mount("/kept"), "", "/kept/mine.conf", False),
        (mount(f"{CONF}.d"), "600", CONF, False),
    ],
    ids=["directory", "none", "file", "read-only", "a link to one", "a link", "another"],
)
def test_a_file_that_can_not_be_replaced_is_named(
    run: Run, mounted: Mount, mode: str, real: str, *, is_named: bool
) -> None:
    """
    With the way out; empty files that rclone left beside it go.
    """
    facts = {
        Mounts: [mount("/"), mounted],
        RcloneConfiguration: OPEN._replace(mode=mode),
        BesideConfiguration: Beside(real, [f"{real}.old12"]),
    }
    commands = run(remotes.replaceable, path=CONF, facts=facts)

    expected = f"find {real}.old12 -maxdepth 0 -type f -empty -delete"
    assert commands == ([expected] if is_named else [])
    named = [str(entry) for entry in run.host.connector_data.get("degraded", [])]
    assert [("mount the directory" in entry) for entry in named] == ([True] if is_named else [])
    if is_named:
        facts[BesideConfiguration] = Beside(real, [])
        assert run(remotes.replaceable, path=CONF, facts=facts) == []


def supervised(run: Run, names: list[str], sync: Sequence[str] = ()) -> list[str]:
    """
    Return the commands for remotes that rclone lists.
    """
    known: dict[Any, Any] = {
        RcloneRemotes: names,
        RcloneConfiguration: OPEN,
        RemotePrograms: {},
        FuseObstacle: "",
        FileStates: {},
        SupervisordState: None,
    }
    given = {"workspace": "/w", "configured": "/c", "drain_seconds": 5, "sync": sync}
    return run(remotes.supervised, **given, facts=known)


REFUSED = ["x;y", "-z", "..", ".", ".cache", ".rescued", "a/b", "trailing ", "~", "a~2", ""]


@pytest.mark.parametrize("name", REFUSED)
def test_a_name_that_can_not_be_used_is_refused_by_name(run: Run, name: str) -> None:
    """
    And costs the good ones nothing.
    """
    commands = "\n".join(supervised(run, [name, "good"]))

    assert [entry.feature for entry in run.host.connector_data["degraded"]] == [f"remote {name!r}"]
    assert "remote-good.conf" in commands
    assert commands.count("[program:") == 1


@pytest.mark.parametrize("name", ["a b", "ü", "a.b", "x@y+z", "n" * 300])
def test_a_name_that_can_be_used_is_a_program(run: Run, name: str) -> None:
    """
    Named so that supervisor and a file can have it.
    """
    commands = "\n".join(supervised(run, [name]))

    assert run.host.connector_data == {}
    assert f"; Slipway's: mounts the rclone remote {name}\n" in commands
    assert len(remotes.program(name)) < 200


def test_long_names_are_not_mixed_up() -> None:
    """
    They differ in their ends.
    """
    assert remotes.program("n" * 300) != remotes.program("n" * 301)


def test_a_remote_whose_options_changed_is_another_program() -> None:
    """
    To supervisord, which compares options and no comments.
    """
    one, other = (
        remotes.configuration("far", ["mount", "--", "far"], 5, digest) for digest in ("abc", "abd")
    )

    changed = set(one.splitlines()) ^ set(other.splitlines())
    assert changed == {f'environment=REMOTE_CONFIGURATION="{digest}"' for digest in ("abc", "abd")}


PATHS = ["far:Project #1", "far:a ;b", 'far:it\'s "100%" $(x)', "far:", "far"]


@pytest.mark.parametrize("word", PATHS)
def test_a_copied_remotes_path_is_nothing_that_supervisor_reads(run: Run, word: str) -> None:
    """
    It would cut it at ` #` and ` ;`, within quotes, too: the program finds it in the settings.
    """
    (file,) = (text for text in supervised(run, ["far"], [word]) if "[program:" in text)
    (line,) = (line for line in file.splitlines() if line.startswith("command="))

    assert line == "command=/usr/local/bin/slipway sync -- far"


def test_another_path_is_another_program(run: Run) -> None:
    """
    To supervisord, which would let the old one run on.
    """
    files = {
        path: [text for text in supervised(run, ["far"], [path]) if "[program:" in text]
        for path in ("far:a", "far:b", "far")
    }

    assert len({str(file) for file in files.values()}) == 3


def test_a_remote_that_is_copied_twice_is_refused_by_name(run: Run) -> None:
    """
    They would share one directory; the first is copied.
    """
    twice = supervised(run, ["far"], ["far:a", "far:b"])

    assert [entry.feature for entry in run.host.connector_data["degraded"]] == ["remote 'far:b'"]
    assert twice == supervised(run, ["far"], ["far:a"])


@pytest.mark.parametrize(
    ("there", "words"),
    [
        (Configuration("600", True, {}, is_encrypted=True), "is encrypted; set RCLONE_CONFIG_PASS"),
        (Configuration("600", True, {}), "`rclone listremotes` names the line"),
        (None, "`rclone listremotes` names the line"),
    ],
)
def test_a_configuration_that_rclone_can_not_read_is_named(
    run: Run, there: Configuration | None, words: str
) -> None:
    """
    With what helps: another password is no other line.
    """
    facts = {RcloneRemotes: None, RcloneConfiguration: there}
    place = "/etc/rclone/rclone.conf"
    run(remotes.supervised, facts=facts, workspace="/w", configured=place, drain_seconds=1)

    (entry,) = run.host.connector_data["degraded"]
    assert words in str(entry)
