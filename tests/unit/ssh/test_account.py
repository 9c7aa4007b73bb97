"""
root's account, on made-up files.
"""

from __future__ import annotations

import pytest

from slipway.ssh import account
from slipway.ssh.account import Account, Shell

PASSWD = "daemon:x:1:1::/:/usr/sbin/nologin\nroot:x:0:0:root:/root:/bin/bash\n"
GROUP = "root:x:0:\nadm:x:4:bob,root\nother:x:5:bob\n"
TODAY = 20000


def shadows_with(word: str = "*", changed: str = "19000", rest: str = "0:99999:7:::") -> str:
    """
    Return a file of passwords with this line of root's.
    """
    return f"daemon:*:1:::::\nroot:{word}:{changed}:{rest}\n"


def found(
    passwd: str = PASSWD,
    shadows: str | None = None,
    *,
    shell: Shell = Shell(),  # noqa: B008 - nobody changes it
    pam: bool = True,
) -> list[str]:
    """
    Return what is found.
    """
    root = account.parse(passwd, shadows_with() if shadows is None else shadows, GROUP)
    return [each.what for each in account.findings(root, shell, pam=pam, today=TODAY)]


def test_groups_are_the_own_and_those_that_list_root() -> None:
    root = account.parse(PASSWD, shadows_with(), GROUP)

    assert root == Account(
        True,
        "/root",
        "/bin/bash",
        ("root", "adm"),
        True,
        ("root", "*", "19000", "0", "99999", "7", "", "", ""),
    )


@pytest.mark.parametrize("pam", [True, False])
@pytest.mark.parametrize(
    "shadows",
    [
        shadows_with(),
        shadows_with("$6$x"),
        shadows_with(""),
        shadows_with(changed=""),
        shadows_with(rest="0::7:::"),
        shadows_with(rest="0:99999:7::20001:"),
        shadows_with(changed="30000"),  # the clock was wrong
        shadows_with(rest="x:y:z:::"),
    ],
)
def test_an_account_that_may_log_in(shadows: str, pam: bool) -> None:  # noqa: FBT001
    assert found(shadows=shadows, pam=pam) == []


LOCKED = "root's account is locked, which sshd heeds with `UsePAM no`"
EXPIRED = "root's account has expired"
CHANGE = "root's password has expired: a session only asks for a new one"
OVER = "root's password expired too long ago"
NO_LINE = "root has no line there, and PAM wants one"


# A shadow(5), and what stands against root with PAM and without: as sshd 9.2 of Debian 12 did
@pytest.mark.parametrize(
    ("shadows", "with_pam", "without"),
    [
        (shadows_with("!"), [], [LOCKED]),
        (shadows_with("!*"), [], [LOCKED]),
        (shadows_with(rest="0:99999:7::1:"), [EXPIRED], [EXPIRED]),
        (shadows_with(rest="0:99999:7::0:"), [EXPIRED], [EXPIRED]),
        (shadows_with(changed="0"), [CHANGE], []),
        (shadows_with(rest="0:10:7:::"), [CHANGE], []),
        (shadows_with(rest="0:10:7:5::"), [OVER], []),
        (shadows_with(rest="0:10:7:5000::"), [CHANGE], []),
        ("", [NO_LINE], []),
        ("daemon:*:1:::::\n", [NO_LINE], []),
    ],
)
def test_dates_and_locks(shadows: str, with_pam: list[str], without: list[str]) -> None:
    assert (found(shadows=shadows), found(shadows=shadows, pam=False)) == (with_pam, without)


@pytest.mark.parametrize(
    ("passwd", "shell", "expected"),
    [
        (PASSWD, Shell(is_there=False), ["root's shell /bin/bash does not exist"]),
        (PASSWD, Shell(is_executable=False), ["root's shell /bin/bash is not executable"]),
        ("root:x:0:0:::\n", Shell(), []),  # /bin/sh
        ("", Shell(), ["there is no user root"]),
        ("root:x:0\n", Shell(), ["there is no user root"]),
        *(
            (
                f"root:x:0:0::/root:{shell}\n",
                Shell(),
                [f"root's shell is {shell}, which ends every session"],
            )
            for shell in ("/usr/sbin/nologin", "/sbin/nologin", "/bin/false", "/bin/true")
        ),
    ],
)
def test_a_shell_has_to_be_there_and_to_stay(
    passwd: str, shell: Shell, expected: list[str]
) -> None:
    assert found(passwd, shell=shell) == expected


@pytest.mark.parametrize(
    ("passwd", "members", "expected"),
    [
        (PASSWD, GROUP, True),
        (PASSWD, "root:x:0:bob\n", False),
        (PASSWD + "bob:x:1000:0::/:/bin/sh\n", GROUP, False),
        (PASSWD, "root:x:0:root\n", True),
        ("", "", False),
    ],
)
def test_a_group_is_private_with_one_member(
    passwd: str,
    members: str,
    expected: bool,  # noqa: FBT001
) -> None:
    assert account.is_private(0, passwd=passwd, members=members) is expected
