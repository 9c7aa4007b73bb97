"""
How long each operation of a run takes: pyinfra does not tell.
"""

from __future__ import annotations

import time

from pyinfra.api import State
from pyinfra.api.host import Host
from pyinfra.api.state import BaseStateCallback


class Clock(BaseStateCallback):
    """
    Times each operation of each host.
    """

    def __init__(self) -> None:
        self._began: dict[tuple[str, str], float] = {}
        self._seconds: dict[tuple[str, str], float] = {}

    def seconds(self, host: Host, op_hash: str) -> float:
        """
        Return what an operation took; 0 for one that was not run.
        """
        return round(self._seconds.get((host.name, op_hash), 0.0), 4)

    # pyinfra declares its callbacks static and calls them on the instance
    def operation_host_start(  # type: ignore[override]
        self, _state: State, host: Host, op_hash: str
    ) -> None:
        """Begin."""
        self._began[host.name, op_hash] = time.monotonic()

    def operation_host_success(  # type: ignore[override]
        self, _state: State, host: Host, op_hash: str, _retries: int = 0
    ) -> None:
        """End."""
        self._seconds[host.name, op_hash] = time.monotonic() - self._began[host.name, op_hash]

    def operation_host_error(  # type: ignore[override]
        self, state: State, host: Host, op_hash: str, retry: int = 0, _most: int = 0
    ) -> None:
        """End as well."""
        self.operation_host_success(state, host, op_hash, retry)
