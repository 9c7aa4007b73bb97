"""
`slipway settings`: what was given, and where each thing came from.
"""

from __future__ import annotations

import pytest

from slipway.commands import settings
from slipway.environment import public
from slipway.settings.load import KEY_FILE, Row, load

ONE = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ/b0TaKoxS3R6xwdFI3pN2+CSiGDBGM6HTtW3IcCzZw one@a"
TWO = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBw9Xv2xkFzQy1mMmFJ0bP3V2gmnVq8Jb0S3tcJm9H5T"
PRINT = "SHA256:"


def test_each_key_is_named_with_its_source() -> None:
    """
    Type, fingerprint, comment; those that were there before, too, each once.
    """
    files = {"/run/secrets/k": ONE.encode(), KEY_FILE: TWO.encode()}
    loaded = load({"SSH_PUBKEY_FILE": "/run/secrets/k"}, read=lambda path: files[path])
    there = f"{ONE}\n{TWO.replace('9H5T', '9H5U')} platform\n".encode()
    lines = settings.keys(loaded, there)

    assert [line.split()[:2] for line in lines] == [["key:", "ssh-ed25519"]] * 3
    assert all(line.split()[2].startswith(PRINT) for line in lines)
    assert [line.split()[3:] for line in lines] == [
        ["one@a", "SSH_PUBKEY_FILE"],
        ["(no", "comment)", KEY_FILE],
        ["platform", "/root/.ssh/authorized_keys,", "which", "was", "there", "before"],
    ]


@pytest.mark.parametrize(
    ("name", "value", "row"),
    [
        ("PATH", "/bin", Row("PATH", "/bin", "the image")),
        ("PATH", "/mine", Row("PATH", "/mine", "given to the container")),
        ("MY_TOKEN", "hush", Row("MY_TOKEN", "***", "given to the container")),
        ("URL", "http://a:b@c", Row("URL", "***", "given to the container")),
        ("MODEL", "a\nb", Row("MODEL", "a\\nb", "given to the container")),
        ("WORKSPACE_UID", "0", Row("WORKSPACE_UID", "0", "Slipway")),
        ("GPU_COUNT", "1", None),
        ("RCLONE_X", "1", None),
    ],
)
def test_every_variable_says_where_it_comes_from(name: str, value: str, row: Row | None) -> None:
    """
    Secrets are stars. Slipway's own are in the table above.
    """
    is_ours = bool(row) and row is not None and row.source == "Slipway"
    loaded = load({} if is_ours else {name: value})
    baked = [public.digest("PATH", "/bin")]
    rows = settings.others(loaded, {**loaded.settings.environment, name: value}, baked)

    assert rows == ([row] if row else [])
