"""
CPUs: those seen, and the limits.
"""

from __future__ import annotations

from pyinfra.api import FactBase, StringCommand

from slipway.connectors.native import Inside, Result
from slipway.environment import cpus
from slipway.environment.cpus import Cpus


class CpuQuota(FactBase[Cpus]):
    """
    Returns how many CPUs a process sees and may use, and how many processes there may be.
    """

    @staticmethod
    def default() -> Cpus:
        """Nothing is known: no limit."""
        return Cpus(1, None)

    def command(self) -> StringCommand:
        """Count with nproc, which OMP_NUM_THREADS would change; then the kernel's files."""
        command = StringCommand(
            "env -u OMP_NUM_THREADS -u OMP_THREAD_LIMIT nproc;",
            f"grep -Hs '' {' '.join(cpus.FILES)} || true",
        )
        return Inside(command, _counted)

    def process(self, output: list[str]) -> Cpus:
        """Take the count, then the limits."""
        return cpus.parse(int(output[0]), output[1:])


def _counted() -> Result:
    """
    Do what the command does.
    """
    lines = [str(cpus.seen()), *cpus.lines()]
    return Result("".join(f"{line}\n" for line in lines).encode())
