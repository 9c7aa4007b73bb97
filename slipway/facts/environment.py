"""
The environment that the engine gave the container, before anything of ours was applied to it.
"""

from __future__ import annotations

from base64 import b64decode, b64encode

from pyinfra.api import FactBase, StringCommand

from slipway.connectors import native
from slipway.connectors.native import Inside, Result
from slipway.environment import saved


class EngineEnvironment(FactBase[dict[str, str]]):
    """
    Returns PID 1's variables: what `docker exec` gives every session that it opens.
    """

    default = dict

    def command(self) -> StringCommand:
        """Read them in base64: a value may hold newlines."""
        path = "/proc/1/environ"
        command = StringCommand("base64", "-w0", path, "2>/dev/null", "&&", "echo", "||", "true")
        return Inside(command, lambda: Result(b64encode(native.read(path).stdout) + b"\n"))

    def process(self, output: list[str]) -> dict[str, str]:
        """Split them as proc(5) says."""
        return saved.parse(b64decode("".join(output)).split(b"\0"))
