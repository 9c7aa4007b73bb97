"""
GPUs, without any vendor's tool.
"""

from __future__ import annotations

from pyinfra.api import FactBase, StringCommand

from slipway.connectors.native import Inside, Result
from slipway.environment import cuda, gpus
from slipway.environment.cuda import Cuda
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


class CudaState(FactBase[Cuda]):
    """
    Returns what NVIDIA's driver, its cards and the image's CUDA say of themselves.
    """

    @staticmethod
    def default() -> Cuda:
        """Nothing of NVIDIA's: the command prints nothing."""
        return cuda.NONE

    def command(self) -> StringCommand:
        """Print the texts, each line after its path, and the paths of what is only there."""
        command = StringCommand(
            f"ls -1d {' '.join(cuda.NODES)} 2>/dev/null | sed 's/$/:/';",
            f"grep -Hs '' {' '.join(cuda.TEXTS)} || true",
        )
        return Inside(
            command, lambda: Result("".join(f"{each}\n" for each in cuda.lines()).encode())
        )

    def process(self, output: list[str]) -> Cuda:
        """Read them."""
        return cuda.parse(output)
