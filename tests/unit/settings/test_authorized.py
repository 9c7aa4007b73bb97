"""
Keys from all the places where they can be given.
"""

from __future__ import annotations

import pytest

from slipway.contract import paths
from slipway.settings.load import KEY_FILE, load
from tests.unit.settings.conftest import files, refused

ONE = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIYIQ5u1YIYoX6oXqZl5HC0kXqP7yKJEgWj2bcXWk1cJ one"
TWO = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEhiD5Gm7c5gQUxyVwMAXJNqfYq1lSY2PL0JZw2mYtPw two"


def test_keys_are_merged_in_the_contracts_order() -> None:
    """
    Three variables, then the file; each key once, the first line wins.
    """
    loaded = load(
        {"SSH_PUBLIC_KEY": TWO, "SSH_PUBKEY": ONE, "PUBLIC_KEY": f"{TWO}\r\n{ONE} again"},
        read=files({KEY_FILE: ONE.encode()}),
    )

    assert loaded.settings.keys == (ONE, TWO)
    assert loaded.refusals == ()
    assert loaded.sources["SSH_PUBKEY"] == f"SSH_PUBKEY, PUBLIC_KEY, SSH_PUBLIC_KEY, {KEY_FILE}"


def test_a_key_with_other_options_again_is_refused() -> None:
    """
    The first wins, and the second is not silently dropped.
    """
    loaded = load({"SSH_PUBKEY": f'from="10.0.0.1" {ONE}', "PUBLIC_KEY": ONE})

    assert loaded.settings.keys == (f'from="10.0.0.1" {ONE}',)
    assert refused(loaded) == ["PUBLIC_KEY"]


def test_a_bad_line_costs_only_itself() -> None:
    """
    It is named by variable and number; the others are used.
    """
    loaded = load({"SSH_PUBKEY": f"{ONE}\nssh-ed25519 AAAA broken\n{TWO}"})

    assert loaded.settings.keys == (ONE, TWO)
    assert refused(loaded) == ["SSH_PUBKEY line 2"]


def test_a_private_key_appears_nowhere() -> None:
    """
    Not in the keys, not in the refusal, not in any session's environment.
    """
    begin, end = "-----BEGIN OPENSSH PRIVATE KEY-----", "-----END OPENSSH PRIVATE KEY-----"
    loaded = load({"SSH_PUBKEY": f"{begin}\nCANARY\n{end}\n", "PUBLIC_KEY": ONE})

    assert loaded.settings.keys == (ONE,)
    assert [str(refusal) for refusal in loaded.refusals] == [
        "SSH_PUBKEY line 1: is a private key; give the .pub file's line (this line is left out)"
    ]
    assert "CANARY" not in repr(loaded)


@pytest.mark.parametrize("nothing", ["null", "none", "undefined", " ", "\n\n", "NULL"])
def test_no_key_is_no_complaint(nothing: str) -> None:
    """
    Clouds' consoles send such words for "no key".
    """
    loaded = load({"PUBLIC_KEY": nothing})

    assert (loaded.settings.keys, loaded.refusals) == ((), ())


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (FileNotFoundError(2, "No such file"), []),
        (IsADirectoryError(21, "Is a directory"), []),
        (PermissionError(13, "Permission denied"), [KEY_FILE]),
    ],
)
def test_a_key_file_that_is_none(error: OSError, expected: list[str]) -> None:
    """
    Absent, or the directory that Docker makes of it: no keys. Unreadable: said.
    """

    def read(path: str) -> bytes:
        raise error

    loaded = load({"SSH_PUBKEY": ONE}, read=read)

    assert (loaded.settings.keys, refused(loaded)) == ((ONE,), expected)


def test_a_key_file_may_be_larger_than_a_variable() -> None:
    """
    Its text goes into no environment.
    """
    content = f"{ONE}\n" * 2000
    loaded = load({"SSH_PUBKEY_FILE": "/k"}, read=files({"/k": content.encode()}))

    assert loaded.settings.keys == (ONE,)
    assert dict(loaded.settings.environment) == {"SSH_PUBKEY_FILE": "/k"}


def test_refusals_of_one_source_have_an_end() -> None:
    """
    A mounted file of another kind has a million lines that are no keys.
    """
    loaded = load({"SSH_PUBKEY": ONE}, read=files({KEY_FILE: b"x\n" * 100_000}))

    assert loaded.settings.keys == (ONE,)
    assert len(loaded.refusals) == 21
    assert str(loaded.refusals[-1]) == (
        f"{KEY_FILE}: has 99980 more lines that are no keys (they are left out)"
    )


def test_the_mounted_file_is_where_compose_mounts_it() -> None:
    """
    The settings import nothing but keys and providers, so the path stands twice.
    """
    assert str(paths.AUTHORIZED_KEYS_MOUNT) == KEY_FILE
