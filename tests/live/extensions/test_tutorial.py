"""
docs/extending.md: what it has people type works as written.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.live.conftest import PREFIX, wait_until

DOCUMENT = Path(__file__).parents[3] / "docs/extending.md"
CHAPTER = "## In ten minutes"
BLOCK = re.compile(r"(?:`([\w./]+)`\n\n)?```(\w+)\n(.*?)```\n", re.DOTALL)


class Block(NamedTuple):
    """
    A block of code: a file's content, or commands.
    """

    file: str  # "" for commands
    text: str


def blocks() -> list[Block]:
    """
    Return the tutorial's blocks, in order.
    """
    _, _, rest = DOCUMENT.read_text().partition(f"\n{CHAPTER}\n")
    chapter, _, _ = rest.partition("\n## The folder\n")
    found = [
        Block(file, text) for file, kind, text in BLOCK.findall(chapter) if file or kind == "sh"
    ]
    assert len(found) == 12
    return found


@pytest.fixture
def own_names(image: str, tmp_path: Path) -> Iterator[dict[str, str]]:
    """
    Replace what the tutorial takes from a machine of one's own: a name, a port, the base image.
    """
    name = f"{PREFIX}{uuid.uuid4().hex[:12]}"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    yield {
        " my-files": f" {name}",
        "127.0.0.1:8000": f"127.0.0.1:{port}",
        "docker build ": f"docker build --build-arg BASE={image} ",
    }
    for words in (["rm", "-f"], ["rmi", "-f"]):
        subprocess.run(["docker", *words, name], check=False, capture_output=True)


def run(commands: str, place: Path) -> str:
    """
    Run commands as a shell does that stops at the first that fails; returns what they say.
    """
    done = subprocess.run(
        ["bash", "-e", "-u", "-c", commands],
        cwd=place,
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        env={"PATH": os.environ["PATH"], "HOME": str(place)},
    )
    assert done.returncode == 0, f"{commands}\n{done.stdout}"
    return done.stdout


def test_ten_minutes(own_names: dict[str, str], tmp_path: Path) -> None:
    """
    From nothing to an image with a service, a variable, a file, a spec and a README.
    """

    def typed(commands: str, place: Path) -> str:
        for words, replacement in own_names.items():
            commands = commands.replace(words, replacement)
        return run(commands, place)

    first, *rest = blocks()
    run(first.text, tmp_path)
    place = tmp_path / "my-files"
    files = [block for block in rest if block.file]
    assert [block.file for block in files][:2] == ["Dockerfile", "slipway/extension.py"]
    for block in files:
        (place / block.file).parent.mkdir(parents=True, exist_ok=True)
        (place / block.file).write_text(block.text)
    build, look, mend, tell, end = (block.text for block in rest if not block.file)

    typed(build, place)
    status = "docker exec my-files slipway status"
    wait_until(lambda: "● files " in typed(status, place), "the service is ready")
    said = typed(look, place)
    assert "Directory listing" in said
    assert "1 failed" not in said
    assert said.endswith("nothing would change\n")

    said = typed(mend, place)
    assert "/etc/motd.d/files: content differs" in said
    assert said.endswith("nothing would change\n")

    typed(tell, place)
    readme = (place / "README.md").read_text()
    assert readme.startswith("# Slipway: files\n")
    assert "| `FILES_PORT` | `8000` |" in readme
    assert "image:" in (place / "docker-compose.yaml").read_text()
    typed(end, place)
