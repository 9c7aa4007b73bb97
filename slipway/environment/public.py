"""
What of the container's variables other users than root see.

The variables that somebody gives a container may be secrets, so they are root's. What the image has
and what Slipway adds is for everybody, and so are names that every program looks at. A name that
sounds like a secret never is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping

from slipway.environment import cpus, gpus
from slipway.settings import secrecy

_ADDED = ("WORKSPACE", "WORKSPACE_MOUNTED", "WORKSPACE_UID", "WORKSPACE_GID", "GPU_COUNT")
_KNOWN = {
    *_ADDED,
    *cpus.VARIABLES,
    *gpus.CHOICES,
    "CUDA_HOME",
    "CUDA_PATH",
    "CUDA_VERSION",
    "LANG",
    "LANGUAGE",
    "LD_LIBRARY_PATH",
    "LIBRARY_PATH",
    "MANPATH",
    "NVIDIA_DRIVER_CAPABILITIES",
    "NVIDIA_VISIBLE_DEVICES",
    "PATH",
    "TZ",
}


def of(environment: Mapping[str, str], *, baked: Collection[str]) -> dict[str, str]:
    """
    Return the variables that anybody may see.

    + environment: all of them
    + baked: digests of the image's own
    """
    return {
        name: value
        for name, value in environment.items()
        if name in _KNOWN or name.startswith("LC_") or digest(name, value) in baked
        if not secrecy.is_hidden(name, value)
    }


def digests(environment: Mapping[str, str]) -> str:
    """
    Return what is kept of an image's variables, one digest a line.

    An image is built with arguments besides, which may be secrets and must not stay in it.
    """
    return "".join(f"{each}\n" for each in sorted(_each(environment)))


def digest(name: str, value: str) -> str:
    """
    Return what tells whether a variable is the image's.
    """
    return hashlib.sha256(f"{name}={value}".encode(errors="surrogateescape")).hexdigest()


def _each(environment: Mapping[str, str]) -> Iterable[str]:
    return (digest(name, value) for name, value in environment.items())
