"""
Whose a clone is under sudo: the user's who called it, not root's.
"""

from __future__ import annotations

import os
import pwd
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from engine import packages

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

# What make writes. config/rclone is the container's own, and root's.
MADE = (
    "build",
    "config/authorized_keys",
    "config/id_ed25519",
    "config/id_ed25519.pub",
    "config/known_hosts",
    "config/ssh_config",
    ".venv",
    ".git/index",
)


def caller(environment: Mapping[str, str]) -> tuple[int, int] | None:
    """
    Return the user and group that called sudo, if somebody did.
    """
    uid, gid = (environment.get(name, "") for name in ("SUDO_UID", "SUDO_GID"))
    if not (packages.is_root() and uid.isdigit() and gid.isdigit()):
        return None
    return int(uid), int(gid)


def home(environment: Mapping[str, str]) -> Path:
    """
    Return the caller's home: sudo sets HOME to root's.
    """
    called = caller(environment)
    if called:
        with suppress(KeyError):
            return Path(pwd.getpwuid(called[0]).pw_dir)
    return Path(environment.get("HOME") or Path.home())


def give_back(root: Path, environment: Mapping[str, str]) -> None:
    """
    Give the caller what root has made in his clone, or he could not run make without sudo again.
    """
    called = caller(environment)
    if called and called[0] == root.stat().st_uid:
        give((path for name in MADE for path in _below(root / name)), environment)


def give(paths: Iterable[Path], environment: Mapping[str, str]) -> None:
    """
    Give the caller those of the paths that are root's.
    """
    called = caller(environment)
    if called is None:
        return
    for path in paths:
        with suppress(OSError):  # gone meanwhile, or a file system that has no owners
            if path.lstat().st_uid == 0:
                os.chown(path, *called, follow_symlinks=False)


def _below(path: Path) -> Iterator[Path]:
    yield path
    if not path.is_symlink():
        for folder, folders, files in os.walk(path):
            yield from (Path(folder, name) for name in (*folders, *files))


def sentence(root: Path, error: OSError) -> str:
    """
    Return what to do about a file that the system refuses, in the clone or elsewhere.
    """
    path = Path(os.fsdecode(error.filename)) if isinstance(error.filename, (str, bytes)) else None
    advice = "put that right, then run this again"
    if isinstance(error, PermissionError):
        advice = "run this as root"
        if path and root in path.parents:
            top = path.relative_to(root).parts[0]
            theirs = top if (root / top).exists() else "."
            advice = f'make it yours (sudo chown -R "$(id -u)" {theirs}), then run this again'
    where = f"{path}: " if path else ""
    return f"{where}{error.strerror or error}: {advice}"
