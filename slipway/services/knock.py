"""
A look at sshd's banner that waits for nothing: supervisord's own poll tells when it goes on.

What slipway.ssh.banner does within a process of its own, from the same address, so that it leaves
no line in sshd's log either.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, MutableMapping
from typing import Any

from slipway.ssh.banner import ADDRESS, IDENTIFICATION, LONGEST


class Knock:
    """
    One connection, as one of supervisord's dispatchers.
    """

    def __init__(
        self,
        address: str,
        port: int,
        *,
        known: MutableMapping[int, Any],
        failed: Callable[[], None],
    ) -> None:
        """
        Begin it. Raises OSError.

        + known: supervisord's descriptors; it is among them while it is open
        + failed: called once where what answers is no sshd, or nobody does
        """
        self._known, self._failed = known, failed
        self._said, self._has_spoken, self.is_over = b"", False, False
        is_ipv6 = ":" in address
        self._socket = socket.socket(socket.AF_INET6 if is_ipv6 else socket.AF_INET)
        self._socket.setblocking(False)
        try:
            if not is_ipv6:  # IPv6 has one loopback address alone
                self._socket.bind((ADDRESS, 0))
            self._socket.connect_ex((address, port))
        except OSError:
            self._socket.close()
            raise
        known[self._socket.fileno()] = self

    def readable(self) -> bool:
        """Wait for what the other side says."""
        return not self.is_over

    def writable(self) -> bool:
        """Wait for the connection."""
        return not (self.is_over or self._has_spoken)

    def handle_write_event(self) -> None:
        """Say what we are: without that, sshd complains in its log."""
        if self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self._fail()
            return
        self._has_spoken = True
        with contextlib.suppress(OSError):
            self._socket.send(IDENTIFICATION)

    def handle_read_event(self) -> None:
        """Take the banner, say farewell, and wait for the end: to close earlier were a reset."""
        try:
            part = self._socket.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            part = b""
        self._said = (self._said + part)[:LONGEST]
        if not part:
            if self.has_answered:
                self.end()
            else:
                self._fail()
        elif self.has_answered:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_WR)
        elif b"\n" in self._said or len(self._said) == LONGEST:
            self._fail()

    def handle_error(self) -> None:
        """Whatever it is, it is no banner."""
        self._fail()

    @property
    def has_answered(self) -> bool:
        """Tell whether an sshd has said what it is."""
        return self._said.startswith(b"SSH-") and b"\n" in self._said

    def end(self) -> None:
        """Close it."""
        if not self.is_over:
            self.is_over = True
            self._known.pop(self._socket.fileno(), None)
            self._socket.close()

    def _fail(self) -> None:
        if not self.is_over:
            self.end()
            self._failed()
