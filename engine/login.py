"""
Whether the container lets root in, and where: what `slipway status` in it says.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from engine.commands import ask

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.project import Project

DEFAULT_PORT = 22


class Login(NamedTuple):
    """
    What there is to know before an ssh line is printed.
    """

    possible: bool = True
    ports: tuple[int, ...] = (DEFAULT_PORT,)  # of the container
    obstacles: tuple[str, ...] = ()

    def published(self, port_of: Callable[[int], int | None], default: int) -> int | None:
        """
        Return the port that leads to sshd; None where none does.

        + port_of: the host's port for one of the container's
        + default: what leads to the usual port where the engine does not tell
        """
        found = next((outside for port in self.ports if (outside := port_of(port))), None)
        return found or (default if DEFAULT_PORT in self.ports else None)

    def unpublished(self) -> str:
        """
        Say what to do where no port leads to sshd.
        """
        ports = ", ".join(map(str, self.ports))
        return f"sshd listens on port {ports}, which docker-compose.yaml does not publish (ports:)"


def of(project: Project, container: str) -> Login:
    """
    Ask a container; one that does not answer is taken to let root in.
    """
    words = ["docker", "exec", container, "slipway", "status", "--json"]
    return parse(ask(words, environment=project.environment).text)


def parse(text: str) -> Login:
    """
    Return what a status says.
    """
    try:
        said: Any = json.loads(text)["login"]
        return Login(
            bool(said["possible"]),
            tuple(map(int, said["ports"])),
            tuple(map(str, said["obstacles"])),
        )
    except (ValueError, KeyError, TypeError):
        return Login()
