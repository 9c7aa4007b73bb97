"""
What is judged of what `sshd -T` prints, line by line.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from slipway.ssh import configuration, effective, login, reached
from slipway.ssh.effective import Trouble
from slipway.ssh.key_files import KeyFile
from slipway.ssh.login import Obstacle, Subject
from slipway.ssh.patterns import Connection

ROOT = Connection("root", ("root", "adm"), "203.0.113.7", 22)

# What sshd 9.2 of Debian 12 prints in our image, as far as it matters here
PRINTED = """\
port 22
listenaddress [::]:22
listenaddress 0.0.0.0:22
usepam yes
maxauthtries 6
maxsessions 10
permitrootlogin without-password
pubkeyauthentication yes
passwordauthentication no
kbdinteractiveauthentication no
permittty yes
strictmodes yes
permitemptypasswords no
forcecommand none
chrootdirectory none
trustedusercakeys none
revokedkeys none
authorizedkeyscommand none
pubkeyacceptedalgorithms ssh-ed25519,rsa-sha2-512,rsa-sha2-256
authorizedkeysfile .ssh/authorized_keys /var/lib/slipway/authorized_keys
setenv SECRET=permitrootlogin no
authenticationmethods any
maxstartups 10:30:100
persourcemaxstartups none
"""


def subject(tmp_path: Path, *lines: str) -> Subject:
    """
    Return a connection that meets these lines, which are in the main file, too.
    """
    keywords = {line.split()[0].lower() for line in lines}
    kept = [line for line in PRINTED.splitlines() if line.split()[0] not in keywords]
    own = [f"{line.split()[0].lower()} {' '.join(line.split()[1:])}" for line in lines]
    main = tmp_path / "sshd_config"
    main.write_text("".join(f"{line}\n" for line in lines))
    return Subject(effective.parse("\n".join([*kept, *own])), configuration.read(str(main)), ROOT)


def told(obstacles: Sequence[Obstacle]) -> list[str]:
    """
    Return what is said, without directories.
    """
    return [f"{each.what} @{each.place.rpartition('/')[2]}" for each in obstacles]


def test_nothing_stands_against_what_our_image_has(tmp_path: Path) -> None:
    image = subject(tmp_path)

    assert login.of_configuration(image) == []
    assert reached.obstacles(image) == []
    assert login.of_hardening(image) == []


# Lines, and which of them refuses root
REFUSING: list[tuple[list[str], str]] = [
    (["PermitRootLogin no"], "PermitRootLogin no @sshd_config line 1"),
    (
        ["PermitRootLogin forced-commands-only"],
        "PermitRootLogin forced-commands-only @sshd_config line 1",
    ),
    (["PubkeyAuthentication no"], "PubkeyAuthentication no @sshd_config line 1"),
    (["DenyUsers bob", "DenyUsers root"], "DenyUsers root @sshd_config line 2"),
    (["DenyUsers *"], "DenyUsers * @sshd_config line 1"),
    (["DenyUsers root@203.*"], "DenyUsers root@203.* @sshd_config line 1"),
    (["AllowUsers bob", "AllowUsers alice"], "AllowUsers bob @sshd_config line 1"),
    (["AllowUsers root@10.0.0.0/8"], "AllowUsers root@10.0.0.0/8 @sshd_config line 1"),
    (["DenyGroups users", "DenyGroups adm"], "DenyGroups adm @sshd_config line 2"),
    (["AllowGroups users"], "AllowGroups users @sshd_config line 1"),
    (
        ["AuthenticationMethods publickey,password"],
        "AuthenticationMethods publickey,password @sshd_config line 1",
    ),
    (["AuthenticationMethods password"], "AuthenticationMethods password @sshd_config line 1"),
    (["MaxAuthTries 0"], "MaxAuthTries 0 @sshd_config line 1"),
    (["MaxSessions 0"], "MaxSessions 0 @sshd_config line 1"),
    (["PerSourceMaxStartups 0"], "PerSourceMaxStartups 0 @sshd_config line 1"),
    (["RefuseConnection yes"], "RefuseConnection yes @sshd_config line 1"),
]


@pytest.mark.parametrize(("lines", "expected"), REFUSING)
def test_what_refuses_root(tmp_path: Path, lines: list[str], expected: str) -> None:
    found = login.of_configuration(subject(tmp_path, *lines))

    assert told(found) == [expected]
    assert all(each.refuses and each.is_chosen for each in found)


@pytest.mark.parametrize(
    "lines",
    [
        ["PermitRootLogin yes"],
        ["PermitRootLogin prohibit-password"],
        ["DenyUsers bob", "DenyGroups users"],
        ["DenyUsers root@10.*"],
        ["AllowUsers bob root"],
        ["AllowUsers bob", "AllowUsers ro*"],
        ["AllowGroups users adm"],
        ["AuthenticationMethods publickey,password publickey"],
        ["MaxAuthTries 1"],
        ["MaxSessions 1"],
        ["ForceCommand none"],
        ["ChrootDirectory /"],
    ],
)
def test_what_does_not(tmp_path: Path, lines: list[str]) -> None:
    assert login.of_configuration(subject(tmp_path, *lines)) == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("ForceCommand /bin/date -u", "every session of root's runs `/bin/date -u` alone"),
        ("ChrootDirectory /srv", "sessions of root's see /srv alone"),
        ("PermitTTY no", "no session of root's has a terminal"),
    ],
)
def test_what_limits_a_session_does_not_refuse_it(tmp_path: Path, line: str, words: str) -> None:
    (found,) = login.of_configuration(subject(tmp_path, line))

    assert words in found.what
    assert not found.refuses


def test_all_obstacles_are_found(tmp_path: Path) -> None:
    lines = ["PermitRootLogin no", "AllowUsers bob", "MaxSessions 0"]

    assert len(login.of_configuration(subject(tmp_path, *lines))) == 3


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["ListenAddress 127.0.0.1:22"], True),
        (["ListenAddress [::1]:22", "ListenAddress 127.0.0.1:22"], True),
        (["ListenAddress 127.0.0.1:22", "ListenAddress 172.17.0.2:22"], False),
    ],
)
def test_loopback_alone_is_no_door(
    tmp_path: Path,
    lines: list[str],
    expected: bool,  # noqa: FBT001
) -> None:
    assert bool(reached.obstacles(subject(tmp_path, *lines))) is expected


@pytest.mark.parametrize(("has_ipv6", "refuses"), [(True, False), (False, True)])
def test_ipv6_alone_is_named(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    has_ipv6: bool,  # noqa: FBT001
    refuses: bool,  # noqa: FBT001
) -> None:
    """
    An illness where the container has none: sshd listens nowhere then.
    """
    monkeypatch.setattr(reached, "has_ipv6", lambda: has_ipv6)
    (found,) = reached.obstacles(subject(tmp_path, "AddressFamily inet6"))

    assert "AddressFamily inet6" in found.what
    assert found.place.endswith("sshd_config line 1")
    assert (found.refuses, found.is_chosen) == (refuses, not refuses)


@pytest.mark.parametrize(
    ("offered", "types", "is_named"),
    [
        ("ssh-ed25519,rsa-sha2-512", ["ssh-ed25519"], False),
        ("rsa-sha2-512", ["ssh-rsa"], False),
        ("ssh-ed25519-cert-v01@openssh.com", ["ssh-ed25519"], True),
        ("ecdsa-sha2-nistp256", ["ssh-ed25519", "ssh-rsa"], True),
        ("rsa-sha2-512", ["ssh-ed25519"], True),
        ("ecdsa-sha2-nistp256", [], False),
    ],
)
def test_a_host_key_has_to_be_offered(
    tmp_path: Path,
    offered: str,
    types: list[str],
    is_named: bool,  # noqa: FBT001
) -> None:
    """
    Where it is known which there are.
    """
    found = login.of_host_keys(subject(tmp_path, f"HostKeyAlgorithms {offered}"), types)

    assert bool(found) is is_named
    assert all(each.refuses and not each.is_chosen and each.place for each in found)


@pytest.mark.parametrize(
    "line",
    [
        "PasswordAuthentication yes",
        "KbdInteractiveAuthentication yes",
        "PermitEmptyPasswords yes",
    ],
)
def test_hardening_that_does_not_hold_is_named(tmp_path: Path, line: str) -> None:
    (found,) = login.of_hardening(subject(tmp_path, line))

    assert line in found.what
    assert found.place.endswith("line 1")
    assert not found.refuses


def key_file(
    path: str = "/root/.ssh/authorized_keys", *types: str, distrust: str = "", ca: bool = False
) -> KeyFile:
    """
    Return a file with keys of these types.
    """
    return KeyFile(path, frozenset(types), ca, distrust)


OURS = key_file("/root/.ssh/authorized_keys", "ssh-ed25519")


@pytest.mark.parametrize(
    ("lines", "files", "words"),
    [
        ([], [OURS], ""),
        ([], [key_file(), key_file("/x", "ssh-rsa")], ""),
        ([], [key_file()], "no key is there"),
        ([], [], "no key is there"),
        ([], [OURS._replace(distrust="/root can be written to")], "ignores the keys in /root/.ssh"),
        ([], [OURS._replace(distrust="bad"), key_file("/x", "ssh-rsa")], ""),
        (["PubkeyAcceptedAlgorithms rsa-sha2-512"], [OURS], "leaves out the type of every key"),
        (["PubkeyAcceptedAlgorithms rsa-sha2-512"], [key_file("/x", "ssh-rsa")], ""),
        (["PubkeyAcceptedAlgorithms rsa-sha2-512"], [OURS, key_file("/x", "ssh-rsa")], ""),
        (["PubkeyAcceptedAlgorithms x"], [key_file("/x", "ssh-ed25519", ca=True)], ""),
    ],
)
def test_one_key_that_counts_is_enough(
    tmp_path: Path, lines: list[str], files: list[KeyFile], words: str
) -> None:
    found = login.of_keys(subject(tmp_path, *lines), files, [])

    assert words in "".join(each.what for each in found)
    assert bool(found) is bool(words)


def test_a_file_of_ours_that_is_not_read_is_named(tmp_path: Path) -> None:
    lines = subject(tmp_path, "AuthorizedKeysFile /etc/keys/%u")
    (found,) = login.of_keys(lines, [key_file("/etc/keys/root")], [OURS])

    assert "sshd does not read /root/.ssh/authorized_keys" in found.what
    assert found.place.endswith("line 1")


SILENT = KeyFile(
    "/root/.ssh/authorized_keys",
    frozenset(),
    has_authority=False,
    distrust="the file system at /f does not answer",
    is_unknown=True,
)


@pytest.mark.parametrize(
    ("files", "refuses"),
    [
        ([SILENT], True),
        ([key_file(), SILENT], True),
        ([SILENT, key_file("/x", "ssh-ed25519")], True),
        ([key_file("/x", "ssh-ed25519", distrust="bad"), SILENT], True),
        ([key_file("/x", "ssh-ed25519"), SILENT], False),
        ([key_file(), key_file("/x", "ssh-ed25519"), SILENT], False),
    ],
)
def test_a_file_that_does_not_answer_costs_what_comes_after_it(
    tmp_path: Path,
    files: list[KeyFile],
    refuses: bool,  # noqa: FBT001
) -> None:
    (found,) = login.of_keys(subject(tmp_path), files, [])

    assert found.refuses is refuses
    assert found.is_chosen is not refuses
    assert "the file system at /f does not answer" in found.what


def test_a_home_elsewhere_is_named_with_what_to_do(tmp_path: Path) -> None:
    lines = subject(tmp_path, "AuthorizedKeysFile /var/lib/slipway/authorized_keys .ssh/x")
    (found,) = login.of_keys(lines, [key_file("/h/.ssh/authorized_keys")], [OURS])

    assert "sshd reads no key in this home" in found.what
    assert "`slipway converge`" in found.what
    assert (found.place, found.refuses, found.is_chosen) == ("/etc/passwd", True, False)


NO = Obstacle("PermitRootLogin no")
LIMIT = Obstacle("PermitTTY no", refuses=False)


@pytest.mark.parametrize(
    ("probes", "expected"),
    [
        ([("", [])], []),
        ([("", [NO, LIMIT])], [NO, LIMIT]),
        ([("", [NO]), ("10.*", [NO])], [NO]),
        (
            [("", []), ("10.*", [NO])],
            [Obstacle("not from 10.*: PermitRootLogin no", refuses=False)],
        ),
        (
            [("", [NO]), ("10.*", []), ("172.*", [LIMIT])],
            [
                Obstacle(
                    "root can log in from 10.* and 172.* alone: PermitRootLogin no", refuses=False
                )
            ],
        ),
    ],
)
def test_what_holds_for_some_addresses_is_said_so(
    probes: list[tuple[str, list[Obstacle]]], expected: list[Obstacle]
) -> None:
    assert login.together(probes) == expected


def test_the_environment_is_no_part_of_what_is_kept() -> None:
    assert "setenv" not in effective.parse(PRINTED)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            (
                "/etc/ssh/x.conf: line 7: Bad configuration option: Foo\n"
                "/etc/ssh/x.conf: terminating, 1 bad configuration options\n"
            ),
            Trouble("Bad configuration option: Foo", "/etc/ssh/x.conf line 7"),
        ),
        (
            '/etc/ssh/x.conf line 1: unsupported option "maybe".\n',
            Trouble('unsupported option "maybe"', "/etc/ssh/x.conf line 1"),
        ),
        (
            "Missing privilege separation directory: /run/sshd\n",
            Trouble("Missing privilege separation directory: /run/sshd", ""),
        ),
        ("", Trouble("sshd gives no reason", "")),
    ],
)
def test_why_sshd_refuses_its_files(words: str, expected: Trouble) -> None:
    assert effective.trouble(words) == expected


def test_sshd_waits_for_a_file_of_keys_that_does_not_answer(tmp_path: Path) -> None:
    """
    Whatever is in the others.
    """
    silent = "/root/.ssh/authorized_keys: the file system at /data does not answer"
    files = [
        KeyFile("/root/.ssh/authorized_keys", frozenset(), False, silent, is_unknown=True),
        KeyFile("/var/lib/slipway/authorized_keys", frozenset({"ssh-ed25519"}), False, ""),
    ]
    (found,) = login.of_keys(subject(tmp_path), files, files)

    assert found.what == f"sshd waits for its keys: {silent}"
    assert found.refuses
    assert not found.is_chosen
