"""
What supervisord does for sshd's port: sshd says when another has it, and then it is claimed.

sshd goes on where it has one of its addresses left, IPv6 alone perhaps: its end tells too little.
One that is told to be quiet (`LogLevel QUIET`) says nothing at all: its ports are looked at.
"""

from __future__ import annotations

import contextlib
import re
import subprocess
import time
from collections.abc import Callable, Sequence
from typing import Any

from supervisor import events

from slipway.contract import paths

PAUSE = 5.0  # seconds between two claims: a port may be a stranger's, who keeps it
_CLAIM = [*paths.PYTHON, "slipway.services.port_claim"]
_TAKEN = rb"(?m)^(?:error: )?Bind to port ([0-9]{1,5}) on [^\r\n]* failed: Address already in use"


def taken(output: bytes) -> list[str]:
    """
    Return the ports that sshd says it could not have.
    """
    return sorted({port.decode() for port in re.findall(_TAKEN, output)})


class SshdPort:
    """
    Listens to sshd, and has its ports claimed.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._has_spoken = False  # sshd, since its last start
        self._due: Sequence[str] | None = None  # the ports of a claim that has to wait
        self._claim: subprocess.Popen[bytes] | None = None
        self._claimed = -PAUSE
        events.subscribe(events.ProcessStateStartingEvent, self.starting)
        for begun in (events.ProcessStateBackoffEvent, events.ProcessStateRunningEvent):
            events.subscribe(begun, self.begun)
        events.subscribe(events.Tick5Event, self.look)

    def heard(self, output: bytes) -> None:
        """Take what sshd has said."""
        self._has_spoken = True
        if ports := taken(output):
            self._want(ports)

    def starting(self, event: Any) -> None:
        """Begin to listen anew."""
        if event.process.config.name == "sshd":
            self._has_spoken = False

    def begun(self, event: Any) -> None:
        """One that runs, or has ended, without a word may have found its port taken."""
        if event.process.config.name == "sshd" and not self._has_spoken:
            self._want([])

    def look(self, _event: object) -> None:
        """Begin a claim that had to wait."""
        if self._due is not None:
            self._want(self._due)

    def _want(self, ports: Sequence[str]) -> None:
        is_busy = self._claim is not None and self._claim.poll() is None
        if is_busy or self.clock() - self._claimed < PAUSE:
            self._due = ports
            return
        self._due, self._claimed = None, self.clock()
        with contextlib.suppress(OSError):  # no process to be had: sshd's next try asks again
            self._claim = subprocess.Popen([*_CLAIM, *ports], stdin=subprocess.DEVNULL)
