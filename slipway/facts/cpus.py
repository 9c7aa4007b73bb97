"""
CPUs: those seen, and the quota.
"""

from __future__ import annotations

from pyinfra.api import FactBase

from slipway import cpus
from slipway.cpus import Cpus


class CpuQuota(FactBase[Cpus]):
    """
    Returns how many CPUs a process sees and may use.
    """

    @staticmethod
    def default() -> Cpus:
        """Nothing is known: no limit."""
        return Cpus(1, None)

    def command(self) -> str:
        """Count with nproc, which OMP_NUM_THREADS would change; then the kernel's files."""
        return (
            "env -u OMP_NUM_THREADS -u OMP_THREAD_LIMIT nproc; "
            f"cat {' '.join(cpus.QUOTA_FILES)} 2>/dev/null || true"
        )

    def process(self, output: list[str]) -> Cpus:
        """Take the count, then the quota."""
        return cpus.parse(int(output[0]), output[1:])
