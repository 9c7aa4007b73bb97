"""
The environment that the engine gave the container, before anything of ours was applied to it.
"""

from __future__ import annotations

from base64 import b64decode, b64encode

from pyinfra.api import FactBase, StringCommand

from slipway.connectors import native
from slipway.connectors.native import Inside, Result
from slipway.environment import saved
from slipway.system import pid_one


class EngineEnvironment(FactBase[dict[str, str]]):
    """
    Returns PID 1's variables: what `docker exec` gives every session that it opens.
    """

    default = dict

    def command(self) -> StringCommand:
        """Read them in base64: a value may hold newlines."""
        words = ("base64", "-w0", "/proc/1/environ", "2>/dev/null", "&&", "echo", "||", "true")
        return Inside(StringCommand(*words), _printed)

    def process(self, output: list[str]) -> dict[str, str]:
        """Split them as proc(5) says."""
        return saved.parse(b64decode("".join(output)).split(b"\0"))


def _printed() -> Result:
    """
    Do what the command does, where PID 1 may be another container's, too.
    """
    return Result(b64encode(native.read(str(pid_one.path("environ"))).stdout) + b"\n")
