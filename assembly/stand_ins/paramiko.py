"""
In the image's venv: enough of paramiko for pyinfra to be imported, without 25 MB for SSH.

pyinfra imports its SSH connector with its command line, and two names of paramiko everywhere. Who
uses one of them is told what is missing.
"""

from __future__ import annotations

import sys
from typing import Any

MISSING = "paramiko is not in Slipway's venv: pyinfra's SSH connector can't be used there"
MODULES = ("agent", "auth_handler", "client", "config", "hostkeys", "transport")


class SSHConfig:
    """
    What ~/.ssh/config says: nothing, as no connection is made by it.
    """

    def parse(self, file: object) -> None:
        """Read nothing."""

    def lookup(self, host: str) -> dict[str, str]:
        """Know no host."""
        return {"hostname": host}


class _Missing(Exception):  # noqa: N818 - it stands in for exceptions and for other classes
    def __init__(self, *_given: object, **_named: object) -> None:
        super().__init__(MISSING)
        raise ImportError(MISSING)


def __getattr__(name: str) -> Any:
    if name.startswith("__"):  # the import system asks for some
        raise AttributeError(name)
    return type(name, (_Missing,), {"__module__": __name__})


for _module in MODULES:
    sys.modules[f"{__name__}.{_module}"] = globals()[_module] = sys.modules[__name__]
