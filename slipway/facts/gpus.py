"""
GPUs, without any vendor's tool.
"""

from __future__ import annotations

from pyinfra.api import FactBase, StringCommand

from slipway.connectors.native import Inside, Result
from slipway.environment import gpus
from slipway.environment.gpus import NONE, Gpus


class GpuDevices(FactBase[Gpus]):
    """
    Returns the vendor and the number of the container's GPUs.
    """

    @staticmethod
    def default() -> Gpus:
        """No GPU: the command prints nothing."""
        return NONE

    def command(self) -> StringCommand:
        """List what GPUs leave in /dev, /proc and /sys."""
        command = StringCommand(
            f"ls -1d {' '.join(gpus.TRACES)} 2>/dev/null;",
            f"grep -H ^simd_count {gpus.TOPOLOGY} 2>/dev/null || true",
        )
        return Inside(
            command, lambda: Result("".join(f"{trace}\n" for trace in gpus.traces()).encode())
        )

    def process(self, output: list[str]) -> Gpus:
        """Count them."""
        return gpus.parse(output)
