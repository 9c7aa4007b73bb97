"""
`sudo make up` in a user's clone: his keys, and nothing left that only root may change.
"""

from __future__ import annotations

import os
import pwd
from pathlib import Path
from types import SimpleNamespace

import pytest

from engine import keys, owner, packages
from engine.__main__ import main
from engine.compose import Compose
from engine.project import Project
from engine.steps import Step, Steps

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBvkz3B5g0 me@home"
USER, GROUP = 54321, 54322
SUDO = {"SUDO_UID": str(USER), "SUDO_GID": str(GROUP), "HOME": "/root"}

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="chown needs root")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """
    A clone of the user's.
    """
    root = tmp_path / "clone"
    (root / "config" / "rclone").mkdir(parents=True)
    (root / "config" / "authorized_keys").touch()
    if os.geteuid() == 0:
        for path in (root, *root.rglob("*")):
            os.chown(path, USER, GROUP)
    return root


def _owners(root: Path) -> dict[str, tuple[int, int]]:
    found = {str(path.relative_to(root)): path.lstat() for path in root.rglob("*")}
    return {name: (status.st_uid, status.st_gid) for name, status in found.items()}


def test_the_callers_keys_are_taken(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    HOME is root's under sudo; his own is in the system's list of users.
    """
    (clone.parent / ".ssh").mkdir()
    (clone.parent / ".ssh" / "id_ed25519.pub").write_text(KEY)
    entry = SimpleNamespace(pw_dir=str(clone.parent))
    monkeypatch.setattr(pwd, "getpwuid", {USER: entry}.__getitem__)
    monkeypatch.setattr(packages, "is_root", lambda: True)
    keys.ensure_authorized(Project.at(clone, SUDO), Step("keys"))

    assert (clone / "config" / "authorized_keys").read_text() == f"{KEY}\n"


def test_a_caller_whom_the_system_does_not_know(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Has the home that the environment names; so has whoever isn't root, whatever SUDO_UID says.
    """
    monkeypatch.setattr(packages, "is_root", lambda: True)
    assert owner.home(SUDO) == Path("/root")

    monkeypatch.setattr(packages, "is_root", lambda: False)
    assert owner.home({**SUDO, "SUDO_UID": "0", "HOME": "/home/x"}) == Path("/home/x")


@needs_root
def test_what_make_wrote_is_the_callers(clone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    At the command's end, also of one that failed. What a container wrote stays as it is, and so
    does what a link leads to.
    """

    def command(project: Project, _steps: Steps) -> None:
        (project.log("build")).touch()
        (project.root / "config" / "id_ed25519").touch(0o600)
        (project.root / "config" / "rclone" / "rclone.conf").touch()
        (clone.parent / "outside").touch()
        (project.root / "build" / "link").symlink_to(clone.parent / "outside")
        (project.root / ".venv").symlink_to(clone.parent)
        raise PermissionError(13, "Permission denied", "/x")

    monkeypatch.setattr("engine.__main__.ROOT", clone)
    monkeypatch.setattr("engine.__main__.COMMANDS", {"up": command})
    for name, value in SUDO.items():
        monkeypatch.setenv(name, value)
    assert main(["up"]) == 1

    strangers = {name for name, whose in _owners(clone).items() if whose != (USER, GROUP)}
    assert strangers == {"config/rclone/rclone.conf"}
    assert (clone.parent / "outside").stat().st_uid == 0


@needs_root
def test_a_clone_of_roots_stays_roots(clone: Path) -> None:
    """
    One in /opt, say, that the caller may only use with sudo.
    """
    os.chown(clone, 0, 0)
    (clone / "build").mkdir()
    owner.give_back(clone, SUDO)

    assert _owners(clone)["build"] == (0, 0)


@needs_root
def test_a_workspace_that_was_made_is_the_callers(
    clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Wherever it lies, with the folders on the way to it.
    """
    monkeypatch.setattr(Compose, "_accepts", lambda *_words: True)
    where = clone.parent / "data" / "work"
    stack = Compose(Project.at(clone, {**SUDO, "WORKSPACE_DIR": str(where)}), [])
    stack._decide_propagation()  # noqa: SLF001 - the others ask the engine

    assert _owners(clone.parent)["data"] == _owners(clone.parent)["data/work"] == (USER, GROUP)
