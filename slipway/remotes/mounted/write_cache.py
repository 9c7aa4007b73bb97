"""
A mount's own write cache, and those that other containers left: in order before rclone has them.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from slipway.remotes import rescue
from slipway.remotes.log import say
from slipway.remotes.mounted import cache_claims, cache_repair, following, remote_files
from slipway.remotes.mounted.cache_claims import Claim
from slipway.remotes.mounted.cache_repair import COMPLETE, DROP, RESCUE, Decision
from slipway.remotes.mounted.remote_files import Backend
from slipway.system import walk


class WriteCache:
    """
    What waits in one remote's caches.
    """

    def __init__(
        self, name: str, root: Path, variables: Mapping[str, str], *, owner: tuple[int, int]
    ) -> None:
        self.name = name
        self.caches = root / ".cache"
        self.rescued = root / ".rescued" / name
        self.variables = variables  # rclone's environment
        self.owner = owner  # of what is set aside
        self.claim: Claim | None = None
        self.folder = remote_files.NOWHERE  # once rclone has said it: it stays the same
        self.waiting: int | None = None  # files to be uploaded, while no rclone tells it

    @property
    def place(self) -> Path:
        """
        Return where files wait for their upload.
        """
        return self.claim.cache if self.claim else self.caches

    def put_in_order(self) -> Claim:
        """
        Repair what a kill left, and say what was done; returns rclone's cache. Raises OSError.
        """
        own = self.claim = self.claim or cache_claims.take(self.caches, self.name)
        asked = Backend(self.name, self.variables, folder=self.folder)
        self.waiting = self._repaired(own.cache, own, asked)
        for other in cache_claims.left(self.caches, self.name, own=own.cache):
            self.waiting += self._repaired(other.cache, own, asked)
        self.folder = asked.known
        return own

    def _repaired(self, cache: Path, own: Claim, asked: Backend) -> int:
        """
        Repair one of the remote's caches; returns how many files wait. Raises OSError.
        """

        def has(folder: str, path: str) -> bool | None:
            now = asked.folder()
            is_its = now is not None and cache_repair.bare(now.name) == cache_repair.bare(folder)
            return asked.has(path) if is_its else None  # another place's, of earlier

        self._set_aside_held(cache)
        repaired = cache_repair.repair(
            cache, rescued=self.rescued, remote_has=has, owner=self.owner
        )
        self._report(repaired.done)
        waiting = len(repaired.waiting)
        if cache_repair.is_at_home(repaired, own.cache, self.folder):
            return waiting
        folder = asked.folder()
        if folder is None:
            return waiting  # where rclone can't say it, it can't mount the remote, either
        adopted = cache_repair.adopt(
            repaired, own.cache, home=folder, rescued=self.rescued, owner=self.owner
        )
        self._report(adopted)
        return waiting - sum(decision.action == RESCUE for decision in adopted)

    def _set_aside_held(self, cache: Path) -> None:
        """
        Set aside what an upload may have left nowhere but here. Raises OSError.
        """
        held = cache / following.HELD
        reason = "was renamed while it was uploaded, and nobody has said that the remote has it"
        done = []
        for path, _ in list(walk.files(held)):
            rescue.set_aside(held / path, self.rescued, path, owner=self.owner)
            done.append(Decision("", path, RESCUE, reason))
        self._report(done)
        shutil.rmtree(held, ignore_errors=True)

    def _report(self, decisions: list[Decision]) -> None:
        what = {
            COMPLETE: "is uploaded now",
            RESCUE: f"is set aside in {self.rescued}",
            DROP: "is dropped",
        }
        for decision in decisions:
            say(f"{self.name}: {decision.path} {decision.reason}: it {what[decision.action]}")
