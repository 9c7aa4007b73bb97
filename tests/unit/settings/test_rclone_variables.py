"""
Which of rclone's variables are not the user's.
"""

from __future__ import annotations

import pytest

from slipway.settings.load import load
from tests.unit.settings.conftest import files, refused


@pytest.mark.parametrize(
    "name",
    [
        "RCLONE_VFS_CACHE_MODE",
        "RCLONE_CACHE_DIR",
        "RCLONE_RC",
        "RCLONE_RC_ADDR",
        "RCLONE_DAEMON",
        "RCLONE_DAEMON_WAIT",
    ],
)
def test_what_a_mounts_safety_rests_on_is_not_the_users(name: str) -> None:
    """
    Refused by name for mounts; other options are rclone's own business.
    """
    assert refused(load({name: "x", "RCLONE_BWLIMIT": "1M"})) == [name]


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("drive", "SERVICE_ACCOUNT_FILE"),
        ("sftp", "KEY_FILE"),
        ("sftp", "KNOWN_HOSTS_FILE"),
        ("s3", "SHARED_CREDENTIALS_FILE"),
        ("oracleobjectstorage", "SSE_CUSTOMER_KEY_FILE"),
        ("oracleobjectstorage", "CONFIG_FILE"),
        ("box", "BOX_CONFIG_FILE"),
        ("azureblob", "SERVICE_PRINCIPAL_FILE"),
    ],
)
def test_rclones_own_files_are_rclones(kind: str, name: str) -> None:
    """
    `rclone config providers` lists them: what they name is a path to rclone, and not read by us.
    """
    given = {"RCLONE_CONFIG_X_TYPE": kind, f"RCLONE_CONFIG_X_{name}": "/nowhere"}
    loaded = load(given)

    assert (dict(loaded.settings.environment), loaded.refusals) == (given, ())


@pytest.mark.parametrize(("kind", "name"), [("b2", "KEY"), ("s3", "SECRET_ACCESS_KEY")])
def test_other_remotes_keys_may_come_as_files(kind: str, name: str) -> None:
    """
    The same ending means a path for sftp, and Docker's convention for others.
    """
    given = {"RCLONE_CONFIG_X_TYPE": kind, f"RCLONE_CONFIG_X_{name}_FILE": "/s"}
    loaded = load(given, read=files({"/s": b"s3cret\n"}))

    assert loaded.settings.environment[f"RCLONE_CONFIG_X_{name}"] == "s3cret"
