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
        "root:*:19000:0:99999\n",  # as it was long ago
        "root:+:\n" + shadows_with(),
    ],
)
def test_an_account_that_may_log_in(shadows: str, pam: bool) -> None:  # noqa: FBT001
    assert found(shadows=shadows, pam=pam) == []


LOCKED = "root's account is locked, which sshd heeds with `UsePAM no`"
EXPIRED = "root's account has expired"
CHANGE = "root's password has expired: a session only asks for a new one"
OVER = "root's password expired too long ago"
NO_LINE = "root has no line there, and PAM wants one"


NO_VALID_LINE = "root has no valid line there, and PAM wants one"
# Of these PAM says "Authentication failure", and no more
BAD_SHADOWS = [
    shadows_with(rest="x:y:z:::"),
    shadows_with(rest="0:99999:7:::").replace("\n", "\r\n"),
    shadows_with(rest="0:99999:7::::"),
    shadows_with(changed="abc"),
    "root:*\n",
    "root:*:19000\n",
    "root\n",
]


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
        *((text, [NO_VALID_LINE], []) for text in BAD_SHADOWS),
    ],
)
def test_dates_and_locks(shadows: str, with_pam: list[str], without: list[str]) -> None:
    assert (found(shadows=shadows), found(shadows=shadows, pam=False)) == (with_pam, without)


BAD_PASSWDS = [
    "root:x:0\n",
    "root:x:0:0\n",
    "root:x::0::/root:/bin/sh\n",
    "root:x:0:::/root:/bin/sh\n",
    "root:x:zero:0::/root:/bin/sh\n",
    "root:x:-1:0::/root:/bin/sh\n",
    "root:x:99999999999:0::/root:/bin/sh\n",
    "#root:x:0:0::/root:/bin/sh\n",
    "\ufeffroot:x:0:0::/root:/bin/sh\n",
]


# What the C library takes of a passwd(5)
@pytest.mark.parametrize(
    ("passwd", "home", "shell"),
    [
        ("root:x:0:0::/root:/bin/sh", "/root", "/bin/sh"),
        ("root:x:0:0::/root", "/root", "/bin/sh"),
        (" \troot:x:0:0::/root:/bin/zsh", "/root", "/bin/zsh"),
        ("root:x:0:0::/root:/bin/sh:x", "/root", "/bin/sh:x"),
        ("root:x:0:0::/root:/bin/sh\r", "/root", "/bin/sh\r"),
        ("root:x\nroot:x:0:0::/a:/bin/sh\nroot:x:0:0::/b:/bin/sh", "/a", "/bin/sh"),
        ("+::::::\nroot:x:0:0::/root:/bin/sh\n+::::::", "/root", "/bin/sh"),
        ("toor:x:0:0::/a:/bin/false\nroot:x:0:0::/root:/bin/sh", "/root", "/bin/sh"),
        ("root:x:4294967295:7::/root:/bin/sh", "/root", "/bin/sh"),
    ],
)
def test_a_line_is_read_as_the_c_library_reads_it(passwd: str, home: str, shell: str) -> None:
    root = account.parse(passwd, shadows_with(), GROUP)

    assert (root.is_known, root.home, root.shell) == (True, home, shell)


def test_a_line_that_is_none_is_named() -> None:
    passwd = "bob:x:5:5::/:/bin/sh\nroot:x:0\n"
    unknown = account.findings(account.parse(passwd, "", ""), Shell(), pam=True, today=TODAY)
    bad = account.parse(PASSWD, "bob:*:1:0:9:7:::\nroot:*:1:0:9:7:::\r\n", "")
    unshadowed = account.findings(bad, Shell(), pam=True, today=TODAY)

    assert [each.path for each in (*unknown, *unshadowed)] == [
        "/etc/passwd line 2",
        "/etc/shadow line 2",
    ]


@pytest.mark.parametrize(
    ("passwd", "shell", "expected"),
    [
        (PASSWD, Shell(is_there=False), ["root's shell /bin/bash does not exist"]),
        (PASSWD, Shell(is_executable=False), ["root's shell /bin/bash is not executable"]),
        ("root:x:0:0:::\n", Shell(), []),  # /bin/sh
        ("", Shell(), ["there is no user root"]),
        *((text, Shell(), ["there is no user root"]) for text in BAD_PASSWDS),
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
