"""
What is shown of a value.
"""

from __future__ import annotations

import pytest

from slipway.settings import secrecy


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("WORKSPACE", "v"),
        ("RCLONE_CONFIG_X_TYPE", "v"),
        ("RCLONE_BWLIMIT", "v"),
        ("RCLONE_CONFIG_X_PASS", "***"),
        ("RCLONE_CONFIG_X_TOKEN", "***"),
        ("RCLONE_CONFIG_X_ENDPOINT", "***"),
        ("AWS_SECRET_ACCESS_KEY", "***"),
        ("HF_TOKEN", "***"),
        ("my_password", "***"),
    ],
)
def test_secrets_are_not_shown(name: str, expected: str) -> None:
    """
    When in doubt, stars.
    """
    assert secrecy.shown(name, "v") == expected


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("RCLONE_HTTP_PROXY", "x", "***"),
        ("RCLONE_HEADER", "Authorization: x", "***"),
        ("DATABASE_URL", "postgres://user:hunter2@host/db", "***"),
        ("SECRET_TYPE", "x", "***"),
        ("X", "\x1b[31mred\n\udcff", "\\x1b[31mred\\n\\udcff"),
    ],
)
def test_what_is_shown_does_no_harm(name: str, value: str, expected: str) -> None:
    """
    Credentials in addresses, headers; nothing that a terminal or a log would obey.
    """
    assert secrecy.shown(name, value) == expected
