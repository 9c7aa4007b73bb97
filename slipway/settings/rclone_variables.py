"""
Which of the `RCLONE_*` variables are not the user's, and which of them name a file with a value.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

# What our mounts set themselves: another value would lose writes or cut the remote control off.
_MOUNT_OPTIONS = r"(?s)RCLONE_(VFS_CACHE_MODE|CACHE_DIR|RC(_.*)?|DAEMON(_.*)?)"
# rclone's own options that end in _file; the others do so for one type of remote only.
_RCLONES_FILE = (
    r"(?s).*_(PUBKEY|KNOWN_HOSTS|SERVICE_PRINCIPAL|SHARED_CREDENTIALS|(BOX_)?CONFIG"
    r"|SERVICE_ACCOUNT)_FILE"
)
_RCLONES_FILE_OF_TYPE = {"_KEY_FILE": "sftp", "_SSE_CUSTOMER_KEY_FILE": "oracleobjectstorage"}


def is_refused_for_mounts(name: str) -> bool:
    """
    Tell whether an `RCLONE_*` variable would change what a mount's safety rests on.
    """
    return name.startswith("RCLONE_") and bool(re.fullmatch(_MOUNT_OPTIONS, name))


def names_a_file(name: str, environ: Mapping[str, str], *, own: Collection[str]) -> bool:
    """
    Tell whether a variable names the file with the value of another one (Docker's convention).

    rclone's own options do not: service_account_file and its like are paths to rclone.

    + own: the names of the declared variables
    """
    target = name.removesuffix("_FILE")
    if target == name or target in own:
        return target != name
    if not target.startswith("RCLONE_CONFIG_") or re.fullmatch(_RCLONES_FILE, name):
        return False
    return not any(
        name.endswith(suffix) and environ.get(f"{name.removesuffix(suffix)}_TYPE") == kind
        for suffix, kind in _RCLONES_FILE_OF_TYPE.items()
    )
