"""
A remote as rclone sees it: its folder in a write cache, and which files it has.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Mapping
from hashlib import sha256
from typing import NamedTuple

from slipway.contract import paths
from slipway.environment.derived import Surroundings
from slipway.settings.rclone_variables import is_refused_for_mounts
from slipway.settings.variables import Settings

ASKING = 20.0  # seconds for a question to a remote
_NOT_FOUND = {3, 4}  # of rclone's exit codes: directory, file (https://rclone.org/docs/)
# Once, and not for long: whoever asks has another way where there is no answer.
_SHORT = ("--retries", "1", "--low-level-retries", "1", "--contimeout", "5s", "--timeout", "10s")
# Options that choose or change what is copied, listed or replaced: a copied remote's files are
# decided on one by one. Those of the local side besides, which would give them other names.
_CHOOSING = re.compile(
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
# Options that say which place a remote is, and as whom; the others are secrets, or say how.
_PLACE = re.compile(
    r"type|provider|remote|upstreams|((api|storage|tenant)_)?url|host(name)?|port|endpoint|region"
    r"|user(name)?|email|account(_id)?|project_number|domain|site|zone|(root_)?namespace|namenode"
    r"|(drive|root(_folder)?|cloud|workspace)_(id|name|slug)|team_drive|base_folder_uuid|library"
    r"|share_name|satellite_address|shared_with_me|impersonate|(file|directory_)name_encryption"
)


class Folder(NamedTuple):
    """
    Where in a cache the files of a remote lie: `vfs/NAME/ROOT`.
    """

    name: str  # the remote's, with a hash where variables make it; of an alias, its target's
    root: str  # the directory that the remote shows, of its target


NOWHERE = Folder("", "")  # not known yet


class Backend:
    """
    One remote, asked with the rclone command. No answer, for whatever reason, is an answer, too.
    """

    def __init__(
        self, name: str, environment: Mapping[str, str], *, folder: Folder = NOWHERE
    ) -> None:
        self.name = name
        self.environment = environment
        self.known = folder
        self._is_silent = False

    def folder(self) -> Folder | None:
        """
        Return its folder of the cache; None where rclone can't say.
        """
        if self.known == NOWHERE and not self._is_silent:
            _, answer = self._ask("rc", "--loopback", "operations/fsinfo", f"fs={self.name}:")
            try:
                told = json.loads(answer)
                self.known = Folder(str(told["Name"]), str(told["Root"]).strip("/"))
            except (ValueError, KeyError, TypeError):
                self._is_silent = True
        return None if self.known == NOWHERE else self.known

    def has(self, _folder: str, path: str) -> bool | None:
        """
        Tell whether the remote has the file of a cache's path; None where nobody can say.

        Once it did not answer it is not asked again: a thousand files would take hours.
        """
        folder = self.folder()
        if folder is None or self._is_silent:
            return None
        if folder.root:
            top, _, path = path.partition(f"{folder.root}/")
            if top or not path:
                return None  # of another directory, which an earlier configuration showed
        code, answer = self._ask("lsjson", "--stat", *_SHORT, f"{self.name}:{path}")
        if code in _NOT_FOUND:
            return False
        self._is_silent = code != 0
        return None if self._is_silent else answer.strip() != b"null"

    def _ask(self, *words: str) -> tuple[int, bytes]:
        try:
            done = subprocess.run(
                [paths.RCLONE, *words],
                env=self.environment,
                capture_output=True,
                timeout=ASKING,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return -1, b""
        return done.returncode, done.stdout


def variables(settings: Settings, around: Surroundings | None = None) -> dict[str, str]:
    """
    Return rclone's environment: the container's, without what a mount's safety rests on.

    + around: for a mount, what is the default of its options; any `RCLONE_*` variable overrides it
    """
    given = {**os.environ, **settings.environment}
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
    return {**defaults, **kept}


def for_copies(settings: Settings) -> dict[str, str]:
    """
    Return rclone's environment without the options that would change what a copy means.
    """
    given = variables(settings)
    return {name: value for name, value in given.items() if not _CHOOSING.fullmatch(name)}


def place(options: Mapping[str, str]) -> str:
    """
    Return a digest of which place a remote is, from its options; a new password is no other place.
    """
    told = [
        (name, re.sub(r"//[^/@]*@", "//", value))
        for name, value in sorted(options.items())
        if _PLACE.fullmatch(name)
    ]
    return sha256(repr(told).encode(errors="surrogateescape")).hexdigest()[:12]
