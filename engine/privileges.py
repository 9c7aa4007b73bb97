"""
What a container needs beyond the least: remotes want FUSE, a user with sudo wants setuid.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from engine import dotenv
from engine.commands import Failure

if TYPE_CHECKING:
    from engine.project import Project

# An encrypted file may hold any; a section is a remote
_CONFIGURED = re.compile(r"^\s*(\[.+\]|RCLONE_ENCRYPT_V\d+:)", re.MULTILINE)
_REMOTE = re.compile(r"RCLONE_CONFIG_.+_TYPE(_FILE)?")
_ELSEWHERE = re.compile(r"RCLONE_CONFIG(_FILE)?")  # a file that we can't look into
_WORDS = {"true": True, "yes": True, "1": True, "on": True}
_WORDS.update({"false": False, "no": False, "0": False, "off": False})


def wants_remotes(project: Project) -> bool:
    """
    Tell whether remotes are configured for the container.

    What an override file of the user's adds is not seen: REMOTES=true says it.
    """
    asked = project.settings.get("REMOTES", "").strip().lower()
    if asked:
        if asked not in _WORDS:
            raise Failure(f"REMOTES={asked}: must be true or false; empty, remotes are looked for")
        return _WORDS[asked]
    try:
        text = (project.config / "rclone/rclone.conf").read_text(errors="replace")
    except OSError:
        text = ""
    return bool(_CONFIGURED.search(text)) or any(
        value and (_REMOTE.fullmatch(name) or _ELSEWHERE.fullmatch(name))
        for name, value in _given(project).items()
    )


def wants_sudo(project: Project) -> bool:
    """
    Tell whether a user with sudo is asked for.
    """
    given = {**_given(project), **project.settings}
    return bool(given.get("SLIPWAY_USER") or given.get("SLIPWAY_USER_FILE"))


def _given(project: Project) -> dict[str, str]:
    """
    Return the variables of config/container.env.
    """
    try:
        return dotenv.read(project.config / "container.env")
    except OSError:
        return {}
