"""
What a run of pyinfra tells besides its result: seconds of each operation, and complaints.
"""

from __future__ import annotations

import logging
import time

from pyinfra.api import State
from pyinfra.api.host import Host
from pyinfra.api.state import BaseStateCallback

MAX_DETAIL = 400  # characters of an operation's output in the report


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


class Complaints(logging.Handler):
    """
    Keeps what pyinfra complains of while it runs; it has no other place for a failed fact's output.

    It begins each line with the host's name.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        self.lines.append(record.getMessage())

    def listen(self) -> None:
        """
        Have pyinfra's complaints come here and nowhere else.
        """
        logger = logging.getLogger("pyinfra")
        logger.handlers, logger.propagate = [self], False

    def of(self, host: Host) -> str:
        """
        Return what was said of a host, as one line.
        """
        prefix = f"[{host.name}]"
        said = (line.partition(prefix)[2].strip() for line in self.lines if prefix in line)
        return " ".join(said)[:MAX_DETAIL]
