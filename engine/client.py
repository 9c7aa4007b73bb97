"""
The engine as its client sees it. A client alone proves nothing: only an answer of the engine does.
"""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING, Any

from engine.commands import Failure, ask

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.project import Project

DENIED = "permission denied"
NO_COMPOSE = "Compose is missing"
NETWORK_MTU = '{{index .Options "com.docker.network.driver.mtu"}}'


class Silence(Exception):  # noqa: N818 - an engine that says nothing isn't always an error
    """
    No engine answered, and what the client said instead.
    """


def info(environment: Mapping[str, str]) -> dict[str, Any]:
    """
    Return what the engine says about itself; raises Silence when there is none.
    """
    answer = ask(["docker", "info", "--format", "{{json .}}"], environment=environment)
    try:
        server: dict[str, Any] = json.loads(answer.text)
    except ValueError:
        raise Silence(answer.error.strip() or "no answer") from None
    if not server.get("ServerVersion"):  # some clients print their own half and exit 0
        raise Silence("; ".join(server.get("ServerErrors") or []) or answer.error.strip())
    return server


def has_image(project: Project, name: str) -> bool:
    """
    Tell whether the engine has an image.
    """
    words = ["docker", "image", "inspect", "--format", "{{.Id}}", name]
    return ask(words, environment=project.environment).code == 0


def exposed(project: Project) -> dict[str, Any]:
    """
    Return the ports that the project's image EXPOSEs, "8888/tcp" say.
    """
    words = ["docker", "image", "inspect", "--format", "{{json .Config.ExposedPorts}}"]
    answer = ask([*words, project.image], environment=project.environment)
    try:
        found: dict[str, Any] = json.loads(answer.text) or {}
    except ValueError:
        return {}
    return found


def digest(project: Project, name: str) -> str:
    """
    Return an image's name by its digest. One that was not pulled has none: registries give it.
    """
    words = ["docker", "image", "inspect", "--format", "{{json .RepoDigests}}", name]
    # without the tag, and as the engine shortens it
    repository = re.sub(r"(:[^/:@]*)?(@.*)?$", "", name)
    repository = re.sub(r"^docker\.io/(library/)?", "", repository)
    try:
        known = json.loads(ask(words, environment=project.environment).text) or []
    except ValueError:
        return ""
    return next((each for each in known if each.partition("@")[0] == repository), "")


def bridge_mtu(project: Project) -> int | None:
    """
    Return the packet size of the engine's default network, when it is a set one.
    """
    words = ["docker", "network", "inspect", "--format", NETWORK_MTU, "bridge"]
    answer = ask(words, environment=project.environment).text.strip()
    return int(answer) if answer.isdigit() else None


def compose(environment: Mapping[str, str]) -> list[str]:
    """
    Return the words that call Compose: the client's plugin, or the program of its own.
    """
    for words in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(words[0]) and ask([*words, "version"], environment=environment).code == 0:
            return words
    raise Failure(
        f"{NO_COMPOSE}: install it (on Debian: apt-get install docker-compose, "
        "on Ubuntu: docker-compose-v2)"
    )
