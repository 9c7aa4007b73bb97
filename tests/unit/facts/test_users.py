"""
Accounts, as this machine has them.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from slipway.facts.users import (
    DirectoryNames,
    Home,
    HomeOf,
    HomeState,
    KnownAccounts,
    KnownUser,
)
from tests.unit.facts.conftest import ODD, ask


@pytest.mark.parametrize("user", ["root", "0", "nobody"])
def test_an_account_is_known_by_name_and_number(user: str) -> None:
    assert ask(KnownUser(), user=user) is True


@pytest.mark.parametrize("user", ["nobody-at-all", "31337", "9" * 30, *ODD])
def test_what_is_no_account_is_unknown(user: str) -> None:
    """
    Whatever characters it has.
    """
    assert ask(KnownUser(), user=user) is False


def test_every_account_is_known() -> None:
    """
    As the name service lists them.
    """
    known = ask(KnownAccounts())

    assert ("root", 0) in {(user.name, user.uid) for user in known.users}
    assert 0 in {gid for _, gid, *_ in known.groups}


@pytest.mark.parametrize("name", ODD)
def test_a_home_is_seen_as_it_is(tmp_path: Path, name: str) -> None:
    """
    Missing, a file, empty but for what mkfs makes, somebody's.
    """
    home = tmp_path / name
    uid = os.geteuid()
    assert ask(HomeState(), path=str(home)) is None

    home.touch()
    assert ask(HomeState(), path=str(home)) == Home(uid, is_directory=False, is_empty=False)
    home.unlink()
    (home / "lost+found").mkdir(parents=True)
    assert ask(HomeState(), path=str(home)) == Home(uid, is_directory=True, is_empty=True)
    (home / name).touch()
    assert ask(HomeState(), path=str(home)) == Home(uid, is_directory=True, is_empty=False)


@pytest.mark.parametrize("kind", ["dangling", "loop", "below a file"])
def test_where_no_home_can_be_made(tmp_path: Path, kind: str) -> None:
    """
    Something is there, or above it, that is no directory.
    """
    home = tmp_path / "home"
    if kind == "below a file":
        home.touch()
        home /= "alice"
    else:
        home.symlink_to(tmp_path / "nowhere/x" if kind == "dangling" else home)

    assert ask(HomeState(), path=str(home)) == Home(0, is_directory=False, is_empty=True)


def test_the_names_of_a_directory_are_sorted(tmp_path: Path) -> None:
    """
    Hidden ones, too; no directory has none.
    """
    for name in ("b", ".a", "$(x)"):
        (tmp_path / name).touch()

    assert ask(DirectoryNames(), path=str(tmp_path)) == ["$(x)", ".a", "b"]
    assert ask(DirectoryNames(), path=str(tmp_path / "none")) == []


@pytest.mark.parametrize(("user", "home"), [("root", "/root"), ("no-such-user", "")])
def test_a_home_is_told_by_the_name_service(user: str, home: str) -> None:
    assert ask(HomeOf(), user=user) == home


def test_a_home_without_a_name_is_the_root_directory() -> None:
    assert HomeOf().process(["root:x:0:0:root::/bin/bash"]) == "/"
