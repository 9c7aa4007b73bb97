"""
config/ssh_config: the container under the name `slipway`, for ssh, scp, rsync and editors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from engine.project import Project

NAME = "slipway"


def write(project: Project, *, address: str, port: int, known: Path, private: Path | None) -> Path:
    """
    Write it; returns its path.

    + known: the file with the container's host keys
    + address: of the host, after `user@` for another user than root
    + private: the key that was made here, None for the user's own
    """
    user, _, host = address.rpartition("@")
    lines = [
        "# Written by `make up`: ssh -F config/ssh_config slipway",
        f"Host {NAME}",
        f"    HostName {host}",
        f"    Port {port}",
        f"    User {user or 'root'}",
        f"    UserKnownHostsFile {_quoted(known)}",
        *([f"    IdentityFile {_quoted(private)}"] if private else []),
    ]
    path = project.config / "ssh_config"
    text = "".join(f"{line}\n" for line in lines)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)
    return path


def _quoted(path: Path) -> str:
    """
    Return a path as ssh_config(5) reads it: from anywhere, whatever is in it.
    """
    text = str(path.absolute()).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text.replace("%", "%%")}"'
