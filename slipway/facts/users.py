"""
Accounts of the container.
"""

from __future__ import annotations

import errno
import grp
import os
import pwd
import stat
from typing import NamedTuple

from pyinfra.api import FactBase, QuoteString, StringCommand

from slipway.connectors.native import Inside, Result
from slipway.ssh import accounts
from slipway.ssh.accounts import Accounts
from slipway.system.bounded_files import BoundedFiles


class KnownUser(FactBase[bool]):
    """
    Returns whether an account has a name, or a number.
    """

    default = bool

    def command(self, user: str) -> StringCommand:
        """Ask as supervisor does."""
        command = StringCommand("getent", "passwd", "--", QuoteString(user), "||", "true")
        return Inside(command, lambda: Result(b"known\n" if _is_known(user) else b""))

    def process(self, output: list[str]) -> bool:
        """Any line is an account."""
        return any(output)


def _is_known(user: str) -> bool:
    try:
        if user.isdecimal():
            pwd.getpwuid(int(user))
        else:
            pwd.getpwnam(user)
    except (KeyError, OverflowError):
        return False
    return True


class HomeOf(FactBase[str]):
    """
    Returns a user's home directory as passwd(5) has it; "" for nobody.
    """

    default = str

    def command(self, user: str) -> StringCommand:
        """Ask as sshd does."""
        command = StringCommand("getent", "passwd", "--", QuoteString(user), "||", "true")
        return Inside(command, lambda: _line_of(user))

    def process(self, output: list[str]) -> str:
        """Take the sixth field: without one the home is /, as for sshd."""
        return output[0].split(":")[5] or "/" if output else ""


def _line_of(user: str) -> Result:
    try:
        line = ":".join(map(str, pwd.getpwnam(user)))
    except KeyError:
        return Result(b"")
    return Result(f"{line}\n".encode(errors="surrogateescape"))


_SEPARATOR = "--"


class KnownAccounts(FactBase[Accounts]):
    """
    Returns every user and every group that the name service knows.
    """

    def command(self) -> StringCommand:
        """Have both printed."""
        command = StringCommand("getent passwd; echo", _SEPARATOR, "; getent group")
        return Inside(command, _known)

    def process(self, output: list[str]) -> Accounts:
        """Take the two apart."""
        at = output.index(_SEPARATOR)
        return accounts.parse("\n".join(output[:at]), "\n".join(output[at + 1 :]))


def _known() -> Result:
    """
    Do what the command of KnownAccounts does.
    """
    users = [":".join(map(str, each)) for each in pwd.getpwall()]
    groups = [f"{each[0]}:{each[1]}:{each[2]}:{','.join(each[3])}" for each in grp.getgrall()]
    lines = "\n".join([*users, _SEPARATOR, *groups])
    return Result(f"{lines}\n".encode(errors="surrogateescape"))


class Home(NamedTuple):
    """
    What is where a home directory should be.
    """

    uid: int
    is_directory: bool
    is_empty: bool  # but for what mkfs makes


class HomeState(FactBase["Home | None"]):
    """
    Returns what is at the path of a home directory, links followed; None where one can be made.
    """

    def command(self, path: str) -> StringCommand:
        """Stat it and list it, within a bound: it may lie on a network file system."""
        word = QuoteString(path)
        command = StringCommand(
            *(
                "if said=$(LC_ALL=C timeout 5 stat -L -c '%u %F' --",
                word,
                '2>&1); then echo "$said";',
            ),
            *("timeout 5 ls -A --", word, "| grep -vx lost+found | head -n 1;"),
            *("elif [ -L", word, "]; then echo 0 link;"),
            "else case $said in *': No such file or directory') ;; *) echo 0 none;; esac; fi; true",
        )
        return Inside(command, lambda: _home(path))

    def process(self, output: list[str]) -> Home | None:
        """Any name after the first line is somebody's file."""
        if not output:
            return None
        uid, kind = output[0].split(" ", 1)
        return Home(int(uid), kind == "directory", not any(output[1:]))


def _home(path: str) -> Result:
    """
    Do what the command of HomeState does.
    """
    files = BoundedFiles()
    try:
        status = files.stat(path)
    except OSError as error:
        is_free = error.errno == errno.ENOENT and not os.path.islink(path)  # noqa: PTH114 - marshal
        return Result(b"" if is_free else b"0 other\n")
    if not stat.S_ISDIR(status.mode):
        return Result(f"{status.uid} other\n{path}\n".encode(errors="surrogateescape"))
    try:
        names = files.ask(lambda: os.listdir(path), path)  # noqa: PTH208 - names alone
    except OSError:
        names = ["?"]
    more = "file\n" if set(names) - {"lost+found"} else ""
    return Result(f"{status.uid} directory\n{more}".encode())


class DirectoryNames(FactBase[list[str]]):
    """
    Returns the names in a directory of ours; none where there is no directory.
    """

    default = list

    def command(self, path: str) -> StringCommand:
        """List it."""
        command = StringCommand("ls -A --", QuoteString(path), "2>/dev/null || true")
        return Inside(command, lambda: _names(path))

    def process(self, output: list[str]) -> list[str]:
        """Take each line for a name."""
        return sorted(output)


def _names(path: str) -> Result:
    """
    Do what the command of DirectoryNames does.
    """
    try:
        names = os.listdir(path)  # noqa: PTH208 - names alone
    except OSError:
        return Result(b"")
    return Result("".join(f"{name}\n" for name in names).encode(errors="surrogateescape"))
