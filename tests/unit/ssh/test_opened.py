"""
The files that a login opens, and what of them it waits for.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from slipway.ssh import configuration, effective, opened
from slipway.ssh.account import Account
from slipway.ssh.login import Subject
from slipway.ssh.opened import Opened
from slipway.ssh.patterns import Connection

CONNECTION = Connection("root", ("root",), "203.0.113.7", 22)


def subject(*printed: str) -> Subject:
    """
    Return a connection that meets what `sshd -T` prints.
    """
    return Subject(effective.parse("\n".join(printed)), configuration.Written([], []), CONNECTION)


def paths(account: Account, *printed: str, by_all: bool) -> set[str]:
    """
    Return what is opened by every session, or by one with a terminal besides.
    """
    return {each.path for each in opened.by(account, subject(*printed)) if each.by_all is by_all}


def account_of(home: str, shell: str) -> Account:
    """
    Return root's with these.
    """
    return Account()._replace(home=home, shell=shell)


@pytest.fixture
def home(tmp_path: Path) -> str:
    """
    A home directory.
    """
    (tmp_path / ".ssh").mkdir()
    return str(tmp_path)


@pytest.mark.parametrize(
    ("printed", "path", "expected"),
    [
        ("banner none", "none", False),
        ("banner /etc/issue.net", "/etc/issue.net", True),
        ("usepam yes", "/etc/motd", True),
        ("usepam yes", "/etc/environment", True),
        ("usepam no", "/etc/motd", False),
        ("permituserenvironment no", "{home}/.ssh/environment", False),
        ("permituserenvironment yes", "{home}/.ssh/environment", True),
        ("permituserenvironment LANG,LC_*", "{home}/.ssh/environment", True),
        ("permituserrc yes", "{home}/.ssh/rc", True),
        ("permituserrc no", "{home}/.ssh/rc", False),
        ("permituserrc no", "/etc/ssh/sshrc", True),
    ],
)
def test_the_configuration_says_what_is_opened(
    home: str,
    printed: str,
    path: str,
    expected: bool,  # noqa: FBT001
) -> None:
    found = paths(account_of(home, "/bin/bash"), printed, by_all=True)

    assert (path.format(home=home) in found) is expected


def test_the_users_rc_stands_for_the_systems(home: str) -> None:
    account = Account(home=home)
    before = paths(account, by_all=True)
    (Path(home) / ".ssh/rc").touch()

    assert {f"{home}/.ssh/rc", opened.SYSTEM_RC} <= before
    assert opened.SYSTEM_RC not in paths(account, by_all=True)


@pytest.mark.parametrize(
    ("shell", "by_all", "not_by_all"),
    [
        ("/bin/bash", "~/.bashrc", "~/.profile"),
        ("/usr/local/bin/bash", "/etc/bash.bashrc", "/etc/profile"),
        ("/usr/bin/zsh", "~/.zshenv", "~/.zshrc"),
        ("/bin/sh", "", "~/.profile"),
        ("/usr/bin/fish", "", "/var/log/wtmp"),
    ],
)
def test_each_shell_has_files_of_its_own(
    home: str, shell: str, by_all: str, not_by_all: str
) -> None:
    account = account_of(home, shell)
    every, terminals = paths(account, by_all=True), paths(account, by_all=False)

    assert not by_all or by_all.replace("~", home) in every
    assert not_by_all.replace("~", home) in terminals
    assert ("bashrc" in "".join(every)) is shell.endswith("bash")


def test_of_a_terminals_files_bash_reads_the_first(home: str) -> None:
    """
    The earlier names are looked at, too: one that is made is read from then on.
    """
    account = account_of(home, "/bin/bash")
    (Path(home) / ".bash_login").touch()
    found = paths(account, by_all=False)

    assert {f"{home}/.bash_profile", f"{home}/.bash_login"} <= found
    assert f"{home}/.profile" not in found


@pytest.mark.parametrize(
    ("kind", "takes_devices", "words"),
    [
        ("fifo", False, "which is a FIFO"),
        ("fifo", True, "which is a FIFO"),
        ("link to a fifo", False, "which is a FIFO"),
        ("/dev/zero", False, "which is a device"),
        ("/dev/zero", True, ""),
        ("/dev/full", False, "which is a device"),
        ("/dev/null", False, ""),
        ("file", False, ""),
        ("directory", False, ""),
        ("absent", False, ""),
        ("dangling", False, ""),
        ("loop", False, ""),
    ],
)
def test_what_has_no_end_is_named(
    tmp_path: Path,
    kind: str,
    takes_devices: bool,  # noqa: FBT001
    words: str,
) -> None:
    path = tmp_path / "path"
    os.mkfifo(tmp_path / "fifo")
    if kind == "fifo":
        path = tmp_path / "fifo"
    elif kind == "link to a fifo":
        path.symlink_to("fifo")
    elif kind.startswith("/"):
        path.symlink_to(kind)
    elif kind == "file":
        path.touch()
    elif kind == "directory":
        path.mkdir()
    elif kind in ("dangling", "loop"):
        path.symlink_to("path" if kind == "loop" else "nowhere")

    found = opened.obstacles([Opened(str(path), takes_devices=takes_devices)])

    assert [each.what.partition(", ")[2] for each in found] == ([words] if words else [])
    assert all(each.refuses and not each.is_chosen for each in found)


def test_what_terminals_alone_open_refuses_no_session(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "wtmp")
    (found,) = opened.obstacles([Opened(str(tmp_path / "wtmp"), by_all=False)])

    assert not found.refuses
    assert "with a terminal" in found.what
