"""
The files that a login opens on its way to a session, and the ones that it would wait for.

A FIFO, a device without an end and a file system that hangs keep whoever opens them: sshd, a module
of PAM's or the shell. Which files these are was seen with a real client: tests/live/test_opened.py.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import NamedTuple

from slipway.contract import paths
from slipway.ssh.account import Account
from slipway.ssh.login import Obstacle, Subject
from slipway.system.bounded_files import BoundedFiles

_BOUND = 1.0  # seconds for a look: health has few
_RC = ".ssh/rc"
SYSTEM_RC = str(paths.SSHRC)
RECORD = "/var/log/wtmp"  # who has logged in at a terminal
_OF_PAM = (
    *("/etc/environment", "/etc/default/locale", "/etc/motd"),
    *("/etc/security/pam_env.conf", "/etc/security/limits.conf"),
)
# What a shell reads before any command where sshd runs it, and before a terminal's prompt besides.
# bash and dash read the first of the user's own that is there.
_OF_COMMANDS = {
    "bash": (str(paths.BASHRC), "~/.bashrc"),
    "zsh": ("/etc/zsh/zshenv", "~/.zshenv"),
}
_OF_TERMINALS = {
    "bash": ("/etc/profile", "/etc/profile.d/*.sh", "~/.bash_profile ~/.bash_login ~/.profile"),
    "zsh": ("/etc/zsh/zprofile", "~/.zprofile", "/etc/zsh/zshrc", "~/.zshrc", "~/.zlogin"),
}
_SOURCED = re.compile(rb"(?m)(?:^|[;&\s])(?:source|\.)\s+[\"']?(~|\$HOME|\$\{HOME\})?(/[\w./+-]+)")
_MOST_SOURCED = 32
_LIKE_SH = ("/etc/profile", "/etc/profile.d/*.sh", "~/.profile")


class Opened(NamedTuple):
    """
    A file that is opened.
    """

    path: str
    by_all: bool = True  # not by terminals alone
    takes_devices: bool = False  # who opens it reads no device


def by(account: Account, subject: Subject) -> list[Opened]:
    """
    Return the files that a login opens, whether they are there or not.
    """
    found = [Opened(path, takes_devices=True) for path in _banner(subject)]
    if subject.value("UsePAM") == "yes":
        found += map(Opened, _OF_PAM)
    if subject.value("PermitUserEnvironment") not in ("", "no"):
        found.append(Opened(f"{account.home}/.ssh/environment"))
    found += map(Opened, _rc(account, subject))
    shell = os.path.basename(account.shell)  # noqa: PTH119 - a string
    found += map(Opened, _named(_OF_COMMANDS.get(shell, ()), account.home))
    terminals = [RECORD, *_named(_OF_TERMINALS.get(shell, _LIKE_SH), account.home)]
    return [*found, *(Opened(path, by_all=False) for path in terminals)]


def start_up(account: Account) -> list[str]:
    """
    Return the files that a shell at a terminal reads, and those that these name to be read.
    """
    shell = os.path.basename(account.shell)  # noqa: PTH119 - a string
    given = (*_OF_COMMANDS.get(shell, ()), *_OF_TERMINALS.get(shell, _LIKE_SH))
    found = list(_named(given, account.home))
    for path in found:
        for home, rest in _SOURCED.findall(_content(path)):
            name = f"{account.home if home else ''}{os.fsdecode(rest)}"
            if name not in found and len(found) < _MOST_SOURCED:
                found.append(name)
    return found


def obstacles(opened: list[Opened]) -> list[Obstacle]:
    """
    Return those that a login waits for.
    """
    found = []
    for each in opened:
        words = _bounded().endless(each.path)
        if not words or (each.takes_devices and "device" in words):
            continue
        who = "sshd waits for" if each.by_all else "a session with a terminal waits for"
        what = f"{who} {each.path}{', which ' if words.startswith('is ') else ': '}{words}"
        found.append(Obstacle(what, refuses=each.by_all, is_chosen=False))
    return found


def _banner(subject: Subject) -> list[str]:
    return [path for path in subject.values("Banner") if path.lower() != "none"]


def _rc(account: Account, subject: Subject) -> list[str]:
    """
    Return the user's, and the system's where he has none.
    """
    own = f"{account.home}/{_RC}"
    if subject.value("PermitUserRC") == "no":
        return [SYSTEM_RC]
    return [own] if _is_there(own) else [own, SYSTEM_RC]


def _named(given: tuple[str, ...], home: str) -> Iterator[str]:
    """
    Go through the files of a list: of several in an entry the first that is there is read.
    """
    for entry in given:
        names = [name.replace("~", home, 1) for name in entry.split()]
        folder, star, ending = names[0].partition("/*")
        if star:
            yield folder
            yield from (f"{folder}/{name}" for name in _listed(folder) if name.endswith(ending))
            continue
        read = next((position for position, name in enumerate(names) if _is_there(name)), -1)
        yield from names[: read + 1] if read >= 0 else names


def _content(path: str) -> bytes:
    try:
        return _bounded().read(path)
    except OSError:
        return b""


def _listed(folder: str) -> list[str]:
    try:
        names: list[str] = _bounded().ask(lambda: os.listdir(folder), folder)  # noqa: PTH208 - names
    except OSError:
        return []
    return sorted(names)


def _is_there(path: str) -> bool:
    try:
        return bool(_bounded().ask(lambda: os.path.lexists(path), path))
    except OSError:
        return True  # who hangs is there


def _bounded() -> BoundedFiles:
    return BoundedFiles(bound=_BOUND)
