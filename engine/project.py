"""
Which clone, which image, which environment a command works on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine import dotenv

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


@dataclass(frozen=True)
class Project:
    """
    A clone of the repository, the caller's environment, and what Compose will read.

    + settings: the environment, else the user's `.env`
    """

    root: Path
    environment: Mapping[str, str]
    settings: Mapping[str, str]

    @classmethod
    def at(cls, root: Path, environment: Mapping[str, str]) -> Project:
        """
        Return the project of a clone. An empty variable doesn't hide one of `.env`.
        """
        written = dotenv.read(root / ".env")
        # make exports those that it isn't given, too
        given = {name: value for name, value in environment.items() if value or name not in written}
        return cls(root, given, {**written, **given})

    @property
    def image(self) -> str:
        """
        The image's full name.
        """
        name = self.settings.get("IMAGE") or "slipway/base"
        return f"{name}:{self.settings.get('TAG') or 'dev'}"

    @property
    def suite(self) -> str:
        """
        The Debian release of the default base image.
        """
        return self.settings.get("SUITE") or "bookworm"

    @property
    def base(self) -> str:
        """
        The name that the Dockerfile's FROM gets.
        """
        return self.settings.get("IMAGE_BASE") or f"debian:{self.suite}-slim"

    @property
    def config(self) -> Path:
        """
        Where the user's keys and settings are.
        """
        return self.root / "config"

    def log(self, name: str) -> Path:
        """
        Return the log file of a step; its directory exists.
        """
        logs = self.root / "build" / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        return logs / f"{name}.log"

    def shown(self, path: Path) -> str:
        """
        Return a path as the user would type it in the clone.
        """
        return str(path.relative_to(self.root) if path.is_relative_to(self.root) else path)
