"""
Files of keys, and whether sshd trusts them.
"""

from __future__ import annotations

import os
from base64 import b64encode
from pathlib import Path

import pytest

from slipway.ssh import key_files
from slipway.ssh.account import Account
from slipway.ssh.key_files import KeyFile

BLOB = b"\0\0\0\x0bssh-ed25519\0\0\0\x20" + bytes(32)
ED25519 = f"ssh-ed25519 {b64encode(BLOB).decode()}"

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="files have to be root's")


def look(path: Path, *, strict: bool = True, is_private: bool = True) -> KeyFile:
    """
    Return what is at a path below a home directory.
    """
    return key_files.look(
        str(path),
        owner=Account(home=str(path.parent.parent)),
        strict=strict,
        is_private=lambda _group: is_private,
    )


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """
    A file with a key, as it should be.
    """
    home = tmp_path / "root"
    (home / ".ssh").mkdir(parents=True, mode=0o700)
    home.chmod(0o700)
    path = home / ".ssh/authorized_keys"
    path.write_text(f"# mine\n{ED25519} me\n")
    path.chmod(0o600)
    return path


@pytest.mark.parametrize(
    ("name", "path"),
    [
        (".ssh/authorized_keys", "/root/.ssh/authorized_keys"),
        ("%h/.ssh/authorized_keys", "/root/.ssh/authorized_keys"),
        ("/etc/keys/%u", "/etc/keys/root"),
        ("/etc/keys/%U%%", "/etc/keys/0%"),
    ],
)
def test_a_name_stands_for_a_path(name: str, path: str) -> None:
    assert key_files.expanded(name, Account()) == path


def test_a_file_as_it_should_be(keys: Path) -> None:
    assert look(keys) == KeyFile(str(keys), frozenset({"ssh-ed25519"}), False, "")


def test_an_authority_is_known_by_its_option(keys: Path) -> None:
    keys.write_text(f"cert-authority {ED25519}\n")

    assert look(keys).has_authority


@pytest.mark.parametrize("place", [".", "..", "../.."])
@pytest.mark.parametrize(
    ("mode", "is_private", "trusted"),
    [
        (0o700, True, True),
        (0o755, False, True),
        (0o775, True, True),
        (0o775, False, False),
        (0o777, True, False),
        (0o707, True, False),
    ],
)
def test_others_may_write_neither_the_file_nor_what_is_above(
    keys: Path,
    place: str,
    mode: int,
    is_private: bool,  # noqa: FBT001
    trusted: bool,  # noqa: FBT001
) -> None:
    """
    Up to the home directory, which the third place is; its parent does not count.
    """
    spoilt = {".": keys, "..": keys.parent, "../..": keys.parent.parent}[place]
    spoilt.chmod(mode)

    found = look(keys, is_private=is_private).distrust
    assert found == "" if trusted else found.startswith(str(spoilt))
    assert look(keys, strict=False, is_private=is_private).distrust == ""


def test_what_is_above_the_home_directory_does_not_count(keys: Path) -> None:
    keys.parent.parent.parent.chmod(0o777)

    assert look(keys).distrust == ""


def test_the_directories_of_a_links_target_count(keys: Path, tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    keys.rename(shared / "keys")
    keys.symlink_to(shared / "keys")

    assert look(keys).distrust.startswith(str(shared))


def test_another_owner_is_not_trusted(keys: Path) -> None:
    os.chown(keys, 1000, 1000)

    assert "belongs to user 1000" in look(keys).distrust


def test_what_is_no_file_has_no_keys(keys: Path) -> None:
    """
    Absent, a directory, a pipe that nobody writes to, a link to itself.
    """
    keys.unlink()
    absent = look(keys)
    keys.mkdir()
    directory = look(keys)
    keys.rmdir()
    os.mkfifo(keys)
    pipe = look(keys)
    keys.unlink()
    keys.symlink_to(keys)
    loop = look(keys)

    assert absent == KeyFile(str(keys), frozenset(), False, "")
    assert directory.distrust == f"{keys} is a directory"
    assert pipe.distrust == f"{keys} is no regular file"
    assert str(keys) in loop.distrust


@pytest.mark.parametrize(
    ("lines", "types", "has_expired"),
    [
        (['expiry-time="20200101" {}'], 0, True),
        (['expiry-time="20200101Z" {}'], 0, True),
        (['expiry-time="202001011200" {}'], 0, True),
        (['expiry-time="20200101120000Z" {}'], 0, True),
        (['restrict,expiry-time="20200101",pty {}'], 0, True),
        (['Expiry-Time="20200101" {}'], 0, True),
        (['expiry-time="20200101",expiry-time="29990101" {}'], 0, True),
        (['expiry-time="29990101" {}'], 1, False),
        (['expiry-time="299901011200Z" {}'], 1, False),
        (['expiry-time="20200101" {}', "{}"], 1, False),
        (['command="expiry-time=20200101" {}'], 1, False),
        (["# expiry-time"], 0, False),
    ],
)
def test_a_key_that_has_expired_is_none(
    keys: Path,
    lines: list[str],
    types: int,
    has_expired: bool,  # noqa: FBT001
) -> None:
    keys.write_text("".join(f"{line.format(ED25519)}\n" for line in lines))
    found = look(keys)

    assert (len(found.types), found.has_expired) == (types, has_expired)


def test_a_file_that_can_not_be_told_may_have_keys(keys: Path) -> None:
    """
    One of gigabytes, in which sshd goes on looking.
    """
    os.truncate(keys, 3 << 30)
    found = look(keys)
    keys.unlink()

    assert found.is_unknown
    assert "is larger than 16 MB" in found.distrust
    assert not key_files.is_empty([found])
    assert key_files.is_empty([look(keys)])
