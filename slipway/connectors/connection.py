"""
A connection that waits without holding other hosts up.

pyinfra runs each host in a greenlet. Its command line patches sockets so that they yield to the
others; its API does not, so every wait here goes through gevent's loop in either case.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
from typing import Protocol

from gevent.socket import wait_read, wait_write

_CHUNK = 1 << 18  # bytes; the engine's frames have at most 32 KiB
_NOT_YET = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Closable(Protocol):
    """
    What a connection keeps alive, and closes with itself.
    """

    def close(self) -> None:
        """Release it."""


class Connection:
    """
    A stream socket.
    """

    def __init__(self, stream: socket.socket, owner: Closable | None = None) -> None:
        """
        Take a connected socket over.

        + owner: what would close the socket if it were garbage: the response that it came with
        """
        self._socket = stream
        self._first = b""  # what was taken back
        self._owner = owner
        stream.setblocking(False)

    def receive(self, deadline: float | None = None) -> bytes:
        """
        Return some bytes, b"" at the end. Raises TimeoutError, and OSError for a broken connection.

        + deadline: on the monotonic clock; None waits for ever
        """
        if self._first:
            first, self._first = self._first, b""
            return first
        while True:
            # waited for even where bytes are there: one host's endless output must not starve
            # the others, nor pass its own deadline
            if not getattr(self._socket, "pending", int)():
                wait_read(self._socket.fileno(), _left(deadline), TimeoutError())
            with contextlib.suppress(*_NOT_YET):
                return self._socket.recv(_CHUNK)

    def send(self, content: bytes) -> None:
        """
        Send all of it. Raises OSError.
        """
        rest = memoryview(content)
        while rest:
            try:
                rest = rest[self._socket.send(rest[:_CHUNK]) :]
            except _NOT_YET:  # noqa: PERF203 - it is what a full buffer does
                wait_write(self._socket.fileno())

    def poll(self) -> bytes | None:
        """
        Return what is there already, b"" at the end, None for nothing. Raises OSError.
        """
        if self._first:
            first, self._first = self._first, b""
            return first
        try:
            return self._socket.recv(_CHUNK)
        except _NOT_YET:
            return None

    def take_back(self, received: bytes) -> None:
        """
        Have bytes that were received be received again.
        """
        self._first = received + self._first

    def close(self) -> None:
        """
        End it; the other side sees its end at once.
        """
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        if self._owner is not None:
            self._owner.close()


def _left(deadline: float | None) -> float | None:
    if deadline is None:
        return None
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left
