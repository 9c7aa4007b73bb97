"""
The options that a container lacks, in one line each: for docker run, and for compose.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

SERVICE = "slipway"  # of the repository's docker-compose.yaml
_LISTS = {"--device": "devices", "--cap-add": "cap_add", "--security-opt": "security_opt"}


class Option(NamedTuple):
    """
    An option of `docker run`.
    """

    name: str
    value: str

    def __str__(self) -> str:
        return f"{self.name} {self.value}"


KEY = Option("-e", 'SSH_PUBKEY="$(cat ~/.ssh/id_ed25519.pub)"')
LOCKED = Option("--ulimit", "memlock=-1")
SHARED = Option("--shm-size", "8g")


def volume(workspace: str) -> Option:
    """
    Return what mounts a directory of the host at the workspace.
    """
    return Option("-v", f'"$PWD/workspace:{workspace}"')


def capabilities(names: Iterable[str]) -> list[Option]:
    """
    Return what gives these.
    """
    return [Option("--cap-add", name) for name in names]


def lines(options: Sequence[Option]) -> list[str]:
    """
    Return both lines, nothing where nothing is missing.
    """
    options = list(dict.fromkeys(options))
    if not options:
        return []
    return [
        "",
        "What is missing, for docker run:",
        " ".join(map(str, options)),
        f"For compose (docker-compose.override.yaml; the service is called {SERVICE} there):",
        json.dumps({"services": {SERVICE: _composed(options)}}),
    ]


def _composed(options: Sequence[Option]) -> dict[str, Any]:
    """
    Return the keys of a service. JSON is YAML (YAML 1.2, section 1.2).
    """
    found: dict[str, Any] = {}
    for each in options:
        name, _, value = each.value.partition("=")
        if each.name == "--ulimit":
            found.setdefault("ulimits", {})[name] = int(value)
        elif each.name == "--shm-size":
            found["shm_size"] = each.value
        elif each.name == "-v":
            found["volumes"] = [each.value.strip('"').replace("$PWD/", "./")]
        elif each.name == "-e":
            found["environment"] = [name]
        else:
            found.setdefault(_LISTS[each.name], []).append(each.value)
    return found
