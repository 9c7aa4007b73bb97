"""
The environment that the engine gave the container, before anything of ours was applied to it.
"""

from __future__ import annotations

from base64 import b64decode

from pyinfra.api import FactBase

from slipway import environment


class EngineEnvironment(FactBase[dict[str, str]]):
    """
    Returns PID 1's variables: what `docker exec` gives every session that it opens.
    """

    default = dict

    def command(self) -> str:
        """Read them in base64: a value may hold newlines."""
        return "base64 -w0 /proc/1/environ 2>/dev/null && echo || true"

    def process(self, output: list[str]) -> dict[str, str]:
        """Split them as proc(5) says."""
        return environment.parse(b64decode("".join(output)).split(b"\0"))
