"""
The environment of our own programs: a user's variables steer his programs, no tools of ours.

A PATH without the system's directories would cost the host keys, POSIXLY_CORRECT has getfacl print
something else, and DPKG_ROOT hides every package. What services and sessions are given is another
matter: slipway.environment.saved.
"""

from __future__ import annotations

import os

_SYSTEM = ("/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin")
_STEERING = (
    "BASH_ENV", "BLOCK_SIZE", "CDPATH", "DPKG_ADMINDIR", "DPKG_ROOT", "ENV", "GIT_DIR",
    "GIT_WORK_TREE", "IFS", "POSIXLY_CORRECT", "QUOTING_STYLE", "TIME_STYLE",
)  # fmt: skip


def take() -> None:
    """
    Have this process, and the programs that it starts, find the system's tools as they are.
    """
    for name in _STEERING:
        os.environ.pop(name, None)
    there = [place for place in os.environ.get("PATH", "").split(":") if place.startswith("/")]
    os.environ["PATH"] = ":".join([*there, *(place for place in _SYSTEM if place not in there)])
