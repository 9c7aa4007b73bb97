"""
A login besides root's: made once, never taken from somebody, gone with what asked for it.
"""

from __future__ import annotations

from typing import Any

import pytest

from slipway.facts.attributes import Unchangeable
from slipway.facts.authorized_keys import KeyFile, KeyFiles
from slipway.facts.files import FileState, FileStates, FileText
from slipway.facts.mounts import Mounts
from slipway.facts.users import DirectoryNames, Home, HomeState
from slipway.operations import logins
from slipway.operations.login_user import Asked
from slipway.operations.logins import SUDO
from slipway.ssh.accounts import Login
from slipway.system.mountinfo import Mount
from tests.unit.conftest import Run

ALICE = Login("alice", 1234, 1234, "/home/alice", is_there=False, makes_group=True)
RULES = "/etc/sudoers.d/00-slipway"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
FILE = "/run/slipway/logins/alice"
READ_ONLY = Mount("/home", "ext4", "/dev/x", frozenset({"ro"}), shared=False)


def program(mode: str) -> dict[str, FileState]:
    """
    Return what is at sudo's path.
    """
    return {SUDO: FileState("regular file", mode, "root", "root", "x")}


def degraded(run: Run) -> list[str]:
    """
    Return what was said.
    """
    return [str(entry) for entry in run.host.connector_data.get("degraded", [])]


def test_an_account_is_made(run: Run) -> None:
    """
    With its group, a comment that tells whose it is, and no password that is right.
    """
    (command,) = run(logins.account, asked=Asked(ALICE), facts={})

    assert command.startswith("groupadd --gid 1234 -- alice && useradd --no-log-init ")
    assert "--password '*' --uid 1234 --gid 1234 --shell /bin/bash" in command
    assert command.endswith("--home-dir /home/alice --comment 'Slipway'\"'\"'s login' -- alice")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Asked(), []),
        (Asked(ALICE._replace(is_there=True)), []),
        (Asked(why="uid 1 is daemon's"), ["uid 1 is daemon's; nobody logs in but root"]),
    ],
)
def test_nothing_else_makes_one(run: Run, asked: Asked, said: list[str]) -> None:
    assert run(logins.account, asked=asked, facts={}) == []
    assert [each.partition(": ")[2] for each in degraded(run)] == said


@pytest.mark.parametrize(
    ("there", "commands", "says"),
    [
        (None, 1, ""),
        (Home(1234, is_directory=True, is_empty=False), 0, ""),
        (Home(1234, is_directory=True, is_empty=True), 0, ""),
        (Home(0, is_directory=True, is_empty=True), 1, ""),
        (Home(0, is_directory=True, is_empty=False), 0, "belongs to uid 0: it stays so"),
        (Home(7, is_directory=True, is_empty=True), 0, "belongs to uid 7: it stays so"),
        (
            Home(0, is_directory=False, is_empty=True),
            0,
            "is no directory that can be used: it stays so",
        ),
    ],
)
def test_a_home_is_given_where_nobody_has_anything_in_it(
    run: Run, there: Home | None, commands: int, says: str
) -> None:
    facts: dict[type, Any] = {HomeState: there, Mounts: [], Unchangeable: {}}
    done = run(logins.home, login=ALICE, facts=facts)

    assert len(done) == commands
    assert says in " ".join(degraded(run))
    assert bool(says) == bool(degraded(run))


@pytest.mark.parametrize(
    ("mounts", "unchangeable", "says"),
    [
        ([READ_ONLY], {}, "/home/alice is on a read-only file system (/home): alice has no home"),
        ([], {"/home": "is immutable"}, "/home/alice lies in /home, which is immutable: alice has"),
    ],
)
def test_where_no_home_can_be_made_there_is_none(
    run: Run, mounts: list[Mount], unchangeable: dict[str, str], says: str
) -> None:
    facts = {HomeState: None, Mounts: mounts, Unchangeable: unchangeable}

    assert run(logins.home, login=ALICE, facts=facts) == []
    assert says in " ".join(degraded(run))


def test_roots_keys_open_it_each_once(run: Run) -> None:
    """
    From whichever of root's files, without what is no key; other logins' files go.
    """
    content = f"# mine\n{KEY} a\nnonsense\n".encode()
    files = {
        path: KeyFile(content, "600", "root", path) for path in ("/root/.ssh/authorized_keys", "/f")
    }
    done = run(
        logins.keys,
        login=ALICE,
        sources=list(files),
        facts={KeyFiles: files, DirectoryNames: ["alice", "bob"]},
    )

    assert done[0] == "rm -rf -- /run/slipway/logins/bob"
    assert f"{KEY} a\n" in "\n".join(done)
    assert "nonsense" not in "\n".join(done)


@pytest.mark.parametrize(("names", "commands"), [([], []), (["alice"], [f"rm -rf -- {FILE}"])])
def test_without_a_login_no_file_of_keys_is_left(
    run: Run, names: list[str], commands: list[str]
) -> None:
    facts = {DirectoryNames: names}

    assert run(logins.keys, login=None, sources=["/f"], facts=facts) == commands


def test_sudo_gets_its_bit_and_its_rule(run: Run) -> None:
    done = "\n".join(run(logins.sudo, login=ALICE, rules=RULES, facts={FileStates: program("755")}))

    assert "dpkg-statoverride --force-all --update --add root root 4755 /usr/bin/sudo" in done
    assert "alice ALL=(ALL:ALL) NOPASSWD: ALL\n" in done


@pytest.mark.parametrize(
    ("states", "status", "says"),
    [
        ({}, "", "there is no sudo in this image"),
        (program("4755"), "Name:\tx\nNoNewPrivs:\t1\n", "no-new-privileges is set"),
    ],
)
def test_what_sudo_lacks_is_named(
    run: Run, states: dict[str, FileState], status: str, says: str
) -> None:
    facts = {FileStates: states, FileText: status}

    assert run(logins.sudo, login=ALICE, rules=RULES, facts=facts) == []
    assert says in degraded(run)[0]


def test_without_a_login_nobody_becomes_root(run: Run) -> None:
    states = {**program("4755"), RULES: FileState("regular file", "440", "root", "root", "x")}

    assert run(logins.sudo, login=None, rules=RULES, facts={FileStates: states}) == [
        f"rm -f -- {RULES}"
    ]
    assert run(logins.sudo, login=None, rules=RULES, facts={}) == []


@pytest.mark.parametrize(
    ("states", "settled", "commands"),
    [
        ({}, "", ["dpkg-statoverride --add root root 0755 /usr/bin/sudo"]),
        ({}, "root root 4755 /usr/bin/sudo\n", []),
        (program("4755"), "", []),
    ],
)
def test_an_image_has_sudo_without_its_bit(
    run: Run, states: dict[str, FileState], settled: str, commands: list[str]
) -> None:
    """
    A base that brings sudo with it, or has settled its mode, is left as it is.
    """
    assert run(logins.held_back, facts={FileStates: states, FileText: settled}) == commands
