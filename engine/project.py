"""
Which clone, which image, which environment a command works on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine import dotenv

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_SERVICE = re.compile(r"\w+_PORT=(tcp|udp|sctp)://\S+:\d+")


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
        Return the project of a clone.

        Neither an empty variable hides one of `.env`, nor what Kubernetes tells of a service called
        ssh (SSH_PORT=tcp://...).
        """
        written = dotenv.read(root / ".env")
        # make exports those that it isn't given, too
        given = {
            name: value
            for name, value in environment.items()
            if (value or name not in written) and not _SERVICE.fullmatch(f"{name}={value}")
        }
        return cls(root, given, {**written, **given})

    @property
    def image(self) -> str:
        """
        The image's full name.
        """
        name = self.settings.get("IMAGE") or "slipway/base"
        return f"{name}:{self.settings.get('TAG') or 'dev'}"

    @property
    def extension(self) -> str:
        """
        The folder of images/ that the image is made of; empty for the base image.
        """
        name = (self.settings.get("IMAGE") or "").partition("slipway/")
        return name[2] if not name[0] and name[2] in self.extensions() else ""

    @property
    def base_image(self) -> str:
        """
        The full name of the image that the repository's own Dockerfile makes.
        """
        return self.extended("base") if self.extension else self.image

    def extended(self, name: str) -> str:
        """
        Return the full name of one of our images.
        """
        return f"slipway/{name}:{self.settings.get('TAG') or 'dev'}"

    def extensions(self) -> list[str]:
        """
        Return the names of the images in images/.
        """
        return sorted(path.parent.name for path in self.root.glob("images/*/Dockerfile"))

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
