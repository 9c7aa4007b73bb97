"""
rclone's options: which of them reach it, and which of a remote's say what place it is.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from hashlib import sha256

from slipway.contract import paths
from slipway.environment.derived import Surroundings
from slipway.settings.rclone_variables import is_refused_for_mounts
from slipway.settings.variables import Settings

# Options that choose or change what is copied, listed or replaced: a copied remote's files are
# decided on one by one. Those of the local side besides, which would give them other names.
_CHOOSING = (
    r"RCLONE_(ABSOLUTE|BACKUP_DIR|CHECK_FIRST|CHECKSUM|COMBINED|COMPARE_DEST|COPY_DEST|COPY_LINKS"
    r"|CREATE_EMPTY_SRC_DIRS|CSV|CUTOFF_MODE|DEFAULT_TIME|DELETE_.*|DEST_AFTER|DIFFER|DIR_SLASH"
    r"|DIRS_ONLY|DRY_RUN|ENCRYPTED|ERROR|ERROR_ON_NO_TRANSFER|EXCLUDE(_.*)?|FILES_FROM.*|FILES_ONLY"
    r"|FILTER(_.*)?|FIX_CASE|FORMAT|HASH|HASH_FILTER|HASH_TYPE|IGNORE_.*|IMMUTABLE|INCLUDE(_.*)?"
    r"|INPLACE|INTERACTIVE|LINKS|LIST_CUTOFF|MATCH|MAX_(AGE|DELETE.*|DEPTH|DURATION|SIZE|TRANSFER)"
    r"|METADATA_.*|MIN_(AGE|SIZE)|MISSING_ON_.*|MODIFY_WINDOW|NAME_TRANSFORM|NO_CHECK_DEST"
    r"|NO_MIMETYPE|NO_MODTIME|NO_TRAVERSE|NO_UPDATE_.*|ORDER_BY|ORIGINAL|PARTIAL_SUFFIX|PROGRESS"
    r"|RECURSIVE|REFRESH_TIMES|SEPARATOR|SIZE_ONLY|STAT|SUFFIX.*|TIMEFORMAT|TRACK_RENAMES.*|UPDATE"
    r"|LOCAL_(CASE_.*|ENCODING|LINKS|TIME_TYPE|UNICODE_NORMALIZATION|ZERO_SIZE_LINKS))"
)
_SOON = "1s"  # after the last close, instead of rclone's five: what is seldom closed once only
_POLL = "5s"  # between two looks of rclone at how large its cache is
# Options that say which place a remote is, and as whom; the others are secrets, or say how.
_PLACE = (
    r"type|provider|remote|upstreams|((api|storage|tenant)_)?url|host(name)?|port|endpoint|region"
    r"|user(name)?|email|account(_id)?|project_number|domain|site|zone|(root_)?namespace|namenode"
    r"|(drive|root(_folder)?|cloud|workspace)_(id|name|slug)|team_drive|base_folder_uuid|library"
    r"|share_name|satellite_address|shared_with_me|impersonate|(file|directory_)name_encryption"
)


def variables(
    settings: Settings,
    inherited: Mapping[str, str],
    around: Surroundings | None = None,
    *,
    floor: int = 0,
    is_cut_off: bool = False,
) -> dict[str, str]:
    """
    Return rclone's environment: the container's, without what a mount's safety rests on.

    + inherited: this process's own environment
    + around: for a mount, what is the default of its options; any `RCLONE_*` variable overrides it
    + is_cut_off: whether a stop leaves no time for uploads, so that they begin at once
    + floor: bytes of the cache's volume that a mount leaves free; 0 for no floor
    """
    given = {**inherited, **settings.environment}
    kept = {
        name: value
        for name, value in given.items()
        if not is_refused_for_mounts(name) and (value or not name.startswith("RCLONE_"))
    }
    defaults = {"RCLONE_CONFIG": str(paths.RCLONE_CONF)}
    if around is not None:
        defaults |= {
            "RCLONE_ALLOW_OTHER": "true",
            "RCLONE_UID": str(around.uid),
            "RCLONE_GID": str(around.gid),
        }
        kept["PATH"] = f"{given.get('PATH', os.defpath)}:{paths.FUSE_2}"
    if is_cut_off:
        defaults["RCLONE_VFS_WRITE_BACK"] = _SOON
    if floor:  # looked at every minute, a disk is full for as long
        defaults |= {
            "RCLONE_VFS_CACHE_MIN_FREE_SPACE": f"{floor}B",
            "RCLONE_VFS_CACHE_POLL_INTERVAL": _POLL,
        }
    return {**defaults, **kept}


def for_copies(settings: Settings, inherited: Mapping[str, str]) -> dict[str, str]:
    """
    Return rclone's environment without the options that would change what a copy means.
    """
    given = variables(settings, inherited)
    return {name: value for name, value in given.items() if not re.fullmatch(_CHOOSING, name)}


def place(options: Mapping[str, str]) -> str:
    """
    Return a digest of which place a remote is, from its options; a new password is no other place.
    """
    told = [
        (name, re.sub(r"//[^/@]*@", "//", value))
        for name, value in sorted(options.items())
        if re.fullmatch(_PLACE, name)
    ]
    return sha256(repr(told).encode(errors="surrogateescape")).hexdigest()[:12]
