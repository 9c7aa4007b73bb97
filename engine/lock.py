"""
What an image is made of, held still: the base's digest, and the day of Debian's packages.

`make update` moves both. The file is the clone's own; who wants to share it adds it to git.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from engine.commands import Failure

if TYPE_CHECKING:
    from pathlib import Path

    from engine.project import Project

OLD = 30  # days after which packages are worth a word


@dataclass(frozen=True)
class Lock:
    """
    The file image.lock of a clone.

    + packages: the day that they are of, or the moment of an update
    + bases: by the name that the user gave, the same image by its digest
    """

    packages: str
    bases: dict[str, str] = field(default_factory=dict)

    @property
    def age(self) -> int:
        """
        How many days old the packages are.
        """
        return (now() - self.moment).days

    @property
    def moment(self) -> dt.datetime:
        """
        When the packages were fetched, at the earliest.
        """
        moment = dt.datetime.fromisoformat(self.packages.rstrip("Z"))
        return moment.replace(tzinfo=dt.timezone.utc)

    def pinned(self, base: str) -> str:
        """
        Return the name for FROM: by its digest where there is one.
        """
        return self.bases.get(base, base)

    def with_base(self, name: str, pinned: str) -> Lock:
        """
        Return the lock with a base's digest; without one where that is empty.
        """
        bases = {other: digest for other, digest in self.bases.items() if other != name}
        return replace(self, bases={**bases, name: pinned} if pinned else bases)

    def renewed(self) -> Lock:
        """
        Return the lock for packages as they are now.
        """
        return replace(self, packages=f"{now():%Y-%m-%dT%H:%M:%SZ}")


def read(project: Project) -> Lock:
    """
    Return the clone's lock; that of today where there is none yet.
    """
    path = _path(project)
    try:
        text = path.read_text()
    except FileNotFoundError:
        return Lock(f"{now():%Y-%m-%d}")
    try:
        said = json.loads(text)
        lock = Lock(str(said["packages"]), {str(k): str(v) for k, v in said["bases"].items()})
        lock.age  # noqa: B018 - a date, or an error
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Failure(
            f"{project.shown(path)} is not what make writes there: delete it, or `git checkout` it"
        ) from None
    return lock


def write(project: Project, lock: Lock) -> None:
    """
    Keep a lock, if it differs from what is there.
    """
    path = _path(project)
    text = json.dumps({"packages": lock.packages, "bases": lock.bases}, indent=2) + "\n"
    if not path.exists() or path.read_text() != text:
        draft = path.with_name(f".{path.name}")
        draft.write_text(text)
        draft.replace(path)


def now() -> dt.datetime:
    """
    Return the time in UTC.
    """
    return dt.datetime.now(dt.timezone.utc)


def _path(project: Project) -> Path:
    return project.root / "image.lock"
