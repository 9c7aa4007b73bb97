"""
What the clone's Compose project is called: two clones never share a container or a network.
"""

from __future__ import annotations

import re
from hashlib import sha256
from typing import TYPE_CHECKING

from engine.commands import ask

if TYPE_CHECKING:
    from engine.project import Project

_LABEL = "com.docker.compose.project"
_DIGITS = 6


def project_name(project: Project) -> str:
    """
    Return the name: the user's own, that of the clone's containers, or one made of its path.

    A container that this clone has under the folder's name, by plain Compose or an earlier version,
    is taken over. One of another clone whose folder has the same name is not.
    """
    if given := project.settings.get("COMPOSE_PROJECT_NAME"):
        return cleaned(given)
    former, own = cleaned(project.root.name), by_path(project)
    running = _running(project)
    return former if former in running and own not in running else own


def cleaned(name: str) -> str:
    """
    Return a name as both Composes make it of a folder's.
    """
    return re.sub(r"[^-_a-z0-9]", "", name.lower()).lstrip("_-")


def by_path(project: Project) -> str:
    """
    Return the folder's name with a digest of its whole path.
    """
    digest = sha256(str(project.root.resolve()).encode(errors="surrogateescape")).hexdigest()
    return f"{cleaned(project.root.name) or 'slipway'}-{digest[:_DIGITS]}"


def _running(project: Project) -> set[str]:
    """
    Return the names of the projects that this clone has containers of, running or not.
    """
    # fmt: off
    words = [
        "docker", "ps", "--all", "--format", f'{{{{.Label "{_LABEL}"}}}}',
        "--filter", f"label={_LABEL}.working_dir={project.root}",
    ]
    # fmt: on
    return set(ask(words, environment=project.environment).text.split())
