"""
The options of `docker run` that a container lacks.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


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
