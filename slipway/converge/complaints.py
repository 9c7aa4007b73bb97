"""
What pyinfra complains of while it runs: a failed fact's output is nowhere else.
"""

from __future__ import annotations

import logging
import re
from collections import defaultdict

from pyinfra.api.host import Host
from pyinfra.context import ctx_host

from slipway.system import words

_COUNT = r"Error: executed \d+\S* commands"  # pyinfra's, where it knows no more
COMPLAINTS = "complaints"  # a key of the host's connector_data: those of its run
MAX_DETAIL = 400  # characters of an operation's output in the report


class Complaints(logging.Handler):
    """
    Keeps them, each for the host whose work it came from.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._said: defaultdict[str, list[str]] = defaultdict(list)

    def emit(self, record: logging.LogRecord) -> None:
        """
        Keep one. A traceback is left out: pyinfra says in the next line what it ended with.
        """
        message, host = record.getMessage(), ctx_host.get()
        if host is not None and not message.startswith("Traceback "):
            self._said[host.name].append(message)

    def listen(self) -> None:
        """
        Have pyinfra's complaints come here and nowhere else.
        """
        logger = logging.getLogger("pyinfra")
        logger.handlers, logger.propagate = [self], False

    def number(self, host: Host) -> int:
        """
        Return how many there are of a host.
        """
        return len(self._said[host.name])

    def of(self, host: Host, *, since: int = 0) -> str:
        """
        Return what was said of a host, as one line: pyinfra begins most with the host's name.

        That some commands were executed is no reason.

        + since: how many of them are not wanted: those of before
        """
        prefix = f"[{host.name}]"
        said = (line.removeprefix(prefix) for line in self._said[host.name][since:])
        kept = words.lines("\n".join(said))
        return (
            "" if all(re.fullmatch(_COUNT, each) for each in kept) else " ".join(kept)[:MAX_DETAIL]
        )
