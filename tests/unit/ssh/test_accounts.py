"""
Which account a login gets, with every kind of account that may be there already.
"""

from __future__ import annotations

import pytest

from slipway.settings.login_user import LoginUser
from slipway.ssh.accounts import MADE_BY, Impossible, Login, decide, parse

PASSWD = f"""\
root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
www-data:x:33:33:www-data:/var/www:/bin/bash
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
ubuntu:x:1000:1000:Ubuntu:/home/ubuntu:/bin/bash
robot:x:1500:1500::/srv/robot:/usr/sbin/nologin
mac:x:501:20:{MADE_BY}:/home/mac:/bin/bash
toor:x:0:0::/root:/bin/sh
no line
"""
GROUP = """\
root:x:0:
dialout:x:20:
users:x:100:
ubuntu:x:1000:
people:x:1001:ubuntu
"""
KNOWN = parse(PASSWD, GROUP)
NOBODY = (0, 0)

THERE = [
    (LoginUser("ubuntu"), Login("ubuntu", 1000, 1000, "/home/ubuntu", is_there=True)),
    (LoginUser("ubuntu", 1000, 1000), Login("ubuntu", 1000, 1000, "/home/ubuntu", is_there=True)),
    (LoginUser("mac"), Login("mac", 501, 20, "/home/mac", is_there=True)),
    (LoginUser("mac", 501), Login("mac", 501, 20, "/home/mac", is_there=True)),
]
NEW = [
    (LoginUser("alice"), Login("alice", 1002, 1002, "/home/alice", False, makes_group=True)),
    (LoginUser("alice", 77), Login("alice", 77, 77, "/home/alice", False, makes_group=True)),
    (LoginUser("alice", 77, 20), Login("alice", 77, 20, "/home/alice", is_there=False)),
    (LoginUser("alice", 1001), Login("alice", 1001, 1002, "/home/alice", False, makes_group=True)),
    (LoginUser("users"), Login("users", 1002, 100, "/home/users", is_there=False)),
    (LoginUser("alice", 7, 8), Login("alice", 7, 8, "/home/alice", False, makes_group=True)),
]
IMPOSSIBLE = [
    (LoginUser("daemon"), "an account of the system's"),
    (LoginUser("www-data", 33), "an account of the system's"),
    (LoginUser("nobody"), "an account of the system's"),
    (LoginUser("toor"), "an account of the system's"),
    (LoginUser("ubuntu", 1001), "is there with uid 1000, not 1001"),
    (LoginUser("ubuntu", 1000, 5), "is there with gid 1000, not 5"),
    (LoginUser("alice", 1000), "uid 1000 is ubuntu's"),
    (LoginUser("alice", 1), "uid 1 is daemon's"),
    (LoginUser("alice", 65534), "uid 65534 is nobody's"),
    (LoginUser("robot"), "which ends every session"),
    (LoginUser("users", 77, 78), "the group users is there with gid 100, not 78"),
]


@pytest.mark.parametrize(("asked", "login"), [*THERE, *NEW])
def test_a_login(asked: LoginUser, login: Login) -> None:
    """
    As it is there, or with numbers that nobody has.
    """
    assert decide(asked, KNOWN, owner=NOBODY) == login


@pytest.mark.parametrize(("asked", "why"), IMPOSSIBLE)
def test_an_account_of_somebody_elses_is_left_alone(asked: LoginUser, why: str) -> None:
    """
    Nothing that is there is changed to suit.
    """
    found = decide(asked, KNOWN, owner=NOBODY)

    assert isinstance(found, Impossible)
    assert why in found.why


@pytest.mark.parametrize(
    ("owner", "expected"),
    [
        ((1234, 1234), Login("workspace", 1234, 1234, "/home/workspace", False, makes_group=True)),
        ((1234, 20), Login("workspace", 1234, 20, "/home/workspace", is_there=False)),
        ((1000, 1), Login("ubuntu", 1000, 1000, "/home/ubuntu", is_there=True)),
        ((501, 20), Login("mac", 501, 20, "/home/mac", is_there=True)),
        ((0, 0), "the workspace is root's"),
        ((0, 1000), "the workspace is root's"),
        ((65534, 65534), "nobody (uid 65534) is an account of the system's"),
        ((33, 33), "www-data (uid 33) is an account of the system's"),
        ((1500, 1500), "which ends every session"),
    ],
)
def test_the_workspaces_owner(owner: tuple[int, int], expected: object) -> None:
    """
    The account that has his uid, or one of the name workspace.
    """
    found = decide(LoginUser("workspace"), KNOWN, owner=owner)

    if isinstance(found, Impossible):
        assert str(expected) in found.why
    else:
        assert found == expected


def test_a_name_alone_gets_the_owners_numbers() -> None:
    """
    Files in the workspace are the login's then, on both sides; not where somebody has them.
    """
    alice = decide(LoginUser("alice"), KNOWN, owner=(1234, 99))
    other = decide(LoginUser("alice"), KNOWN, owner=(1000, 1000))

    assert alice == Login("alice", 1234, 99, "/home/alice", is_there=False, makes_group=True)
    assert other == Login("alice", 1002, 1002, "/home/alice", is_there=False, makes_group=True)


def test_the_name_workspace_may_be_taken() -> None:
    """
    By an account of another uid.
    """
    known = parse(f"{PASSWD}workspace:x:2000:2000::/w:/bin/bash\n", GROUP)
    found = decide(LoginUser("workspace"), known, owner=(1234, 1234))

    assert found == Impossible("the account workspace has uid 2000, the workspace's owner 1234")
