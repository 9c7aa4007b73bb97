"""
What of a variable may be shown: in a report, in a log, on a terminal.
"""

from __future__ import annotations

import re

from slipway.settings import public_keys

KEY_VARIABLES = ("SSH_PUBKEY", "PUBLIC_KEY", "SSH_PUBLIC_KEY")  # public keys are for everybody

_CONFIDENTIAL = (
    r"(?i)KEY|TOKEN|PASS|PWD|SECRET|CRED|AUTH|PRIVATE|CERT|COOKIE|SESSION|SIGN|SALT|SAS|HEADER"
    r"|PROXY|WEBHOOK|DSN|COMMAND|RCLONE_CONFIG_"
)


def shown(name: str, value: str) -> str:
    """
    Return a variable's value as it may be shown: when in doubt, stars.
    """
    return "***" if is_hidden(name, value) else printable(value)


def is_hidden(name: str, value: str) -> bool:
    """
    Tell whether a variable may hold a secret.
    """
    if public_keys.holds_private_key(value) or re.search(r"://[^/]*@", value):
        return True
    is_type = name.startswith("RCLONE_CONFIG_") and name.endswith("_TYPE")
    return not (name in KEY_VARIABLES or is_type) and bool(re.search(_CONFIDENTIAL, name))


def printable(text: str) -> str:
    """
    Return a text without what a terminal or a log would obey, or UTF-8 could not hold.
    """
    if text.isprintable():
        return text
    return "".join(
        character
        if character.isprintable()
        else character.encode("unicode_escape", "backslashreplace").decode()
        for character in text
    )
