"""
The published ports: which ones the user wants, and which were chosen instead.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.commands import Failure

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

LAST = 65535


@dataclass(frozen=True)
class Port:
    """
    One published port: the variable that says which, and the default.
    """

    variable: str
    default: int
    inside: int


PORTS = (Port("SSH_PORT", 2222, 22), Port("RCLONE_PORT", 53682, 53682))


def pages(exposed: Mapping[str, object]) -> list[Port]:
    """
    Return the ports that an extended image has besides ours: what its Dockerfile EXPOSEs.

    + exposed: as `docker image inspect` has them: "8888/tcp" to something
    """
    numbers = sorted(int(name[:-4]) for name in exposed if re.fullmatch("[0-9]{1,5}/tcp", name))
    ours = {port.inside for port in PORTS}
    return [Port(f"PORT_{number}", number, number) for number in numbers if number not in ours]


def document(service: str, address: str, published: Mapping[int, str]) -> str:
    """
    Return a Compose file that publishes ports besides those of the clone's own: JSON is YAML.

    + published: the container's port to the host's
    """
    lines = [f"{address}:{outside}:{inside}" for inside, outside in published.items()]
    return json.dumps({"services": {service: {"ports": lines}}})


def wanted(port: Port, settings: Mapping[str, str]) -> int:
    """
    Return the host's port that the user wants.
    """
    text = settings.get(port.variable) or str(port.default)
    if not (re.fullmatch("[0-9]{1,5}", text) and int(text) <= LAST):
        raise Failure(f"{port.variable}={text} is no port: give a number, {LAST} at most")
    return int(text)


def remembered(memory: Path) -> dict[str, list[int]]:
    """
    Return the ports wanted and chosen before; none when the file was cut off or edited.
    """
    try:
        found = json.loads(memory.read_text())
        return {name: [int(before), int(chosen)] for name, (before, chosen) in found.items()}
    except (FileNotFoundError, ValueError, TypeError, AttributeError):
        return {}


def remember(memory: Path, chosen: Mapping[str, list[int]]) -> None:
    """
    Keep the ports wanted and chosen. Whole: a draft, renamed over the file.
    """
    draft = memory.with_suffix(".new")
    draft.write_text(json.dumps(chosen))
    draft.replace(memory)
