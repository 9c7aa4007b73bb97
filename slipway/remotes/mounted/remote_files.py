"""
A remote as rclone sees it: its folder in a write cache, and which files it has.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from typing import NamedTuple

from slipway.contract import paths

ASKING = 20.0  # seconds for a question to a remote
_NOT_FOUND = {3, 4}  # of rclone's exit codes: directory, file (https://rclone.org/docs/)
# Once, and not for long: whoever asks has another way where there is no answer.
_SHORT = ("--retries", "1", "--low-level-retries", "1", "--contimeout", "5s", "--timeout", "10s")


class Folder(NamedTuple):
    """
    Where in a cache the files of a remote lie: `vfs/NAME/ROOT`.
    """

    name: str  # the remote's, with a hash where variables make it; of an alias, its target's
    root: str  # the directory that the remote shows, of its target


NOWHERE = Folder("", "")  # not known yet


class Backend:
    """
    One remote, asked with the rclone command. A failure, for whatever reason, is an answer, too.
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

    def has(self, path: str) -> bool | None:
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
