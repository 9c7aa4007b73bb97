"""
Whether the container lets root in, and where, and its pages: what `slipway status` in it says.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from engine.commands import ask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from engine.project import Project
    from engine.steps import Step

DEFAULT_PORT = 22
LOOPBACK = "127.0.0.1"
PATIENCE = 60.0  # seconds for a page to answer


class Page(NamedTuple):
    """
    A service's page.
    """

    program: str
    port: int  # of the container
    link: str  # as the container sees it
    state: str = "ready"

    @property
    def is_on_its_way(self) -> bool:
        """Tell whether it does not answer yet, and will."""
        return self.state in {"starting", "waiting"}

    def address(self, port: int) -> str:
        """
        Return what opens it on this machine.

        + port: the machine's
        """
        parts = urlsplit(self.link)
        return parts._replace(scheme="http", netloc=f"{LOOPBACK}:{port}").geturl()

    def unpublished(self) -> str:
        """Say what to do where no port leads to it."""
        return f"{self.program} listens on port {self.port}, which is not published (ports:)"


class Login(NamedTuple):
    """
    What there is to know before an ssh line is printed.
    """

    possible: bool = True
    ports: tuple[int, ...] = (DEFAULT_PORT,)  # of the container
    obstacles: tuple[str, ...] = ()
    pages: tuple[Page, ...] = ()
    concerns: tuple[str, ...] = ()  # what was refused, is degraded or has failed
    user: str = "root"  # or the one of SLIPWAY_USER

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


def of(project: Project, container: str, step: Step) -> Login:
    """
    Ask a container; one that does not answer is taken to let root in.

    A page that is on its way is waited for.
    """
    words = ["docker", "exec", container, "slipway", "status", "--json"]
    deadline = time.monotonic() + PATIENCE
    while True:
        said = parse(ask(words, environment=project.environment).text)
        late = [page.program for page in said.pages if page.is_on_its_way]
        if not late or time.monotonic() > deadline:
            return said
        step.doing(f"waiting for {', '.join(late)}")
        time.sleep(0.3)


def parse(text: str) -> Login:
    """
    Return what a status says.
    """
    try:
        status: Any = json.loads(text)
        said = status["login"]
        return Login(
            bool(said["possible"]),
            tuple(map(int, said["ports"])),
            tuple(map(str, said["obstacles"])),
            tuple(
                Page(str(each["name"]), int(each["port"]), str(each["link"]), str(each["state"]))
                for each in status.get("programs", [])
                if each.get("link")
            ),
            tuple(_concerns(status)),
            str(said.get("user", "root")),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        return Login()


def _concerns(status: dict[str, Any]) -> Iterator[str]:
    """
    Go through what a start could not do as it was asked.
    """
    for each in status.get("failed", []):
        yield f"failed: {each['task']}: {each['name']}: {each['detail']}"
    for each in status.get("refusals", []):
        yield f"refused: {each['variable']}: {each['rule']} ({each['effect']})"
    for each in status.get("degraded", []):
        yield f"degraded: {each['feature']}: {each['condition']}"
