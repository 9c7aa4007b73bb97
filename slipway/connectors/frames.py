"""
The engine's stream of an exec without a terminal: stdout and stderr in frames on one connection.
"""

from __future__ import annotations

from collections.abc import Iterator

STDOUT, STDERR = 1, 2
_HEADER = 8  # bytes: the stream, three zeros, the length of the payload, big-endian


class Frames:
    """
    Takes the connection's bytes as they come and gives the payloads, also of unfinished frames.

    Docker's Engine API, "Attach to a container", describes the format.
    """

    def __init__(self) -> None:
        self._header = b""
        self._stream = STDOUT
        self._left = 0  # bytes of the present frame that are still to come

    def feed(self, received: bytes) -> Iterator[tuple[int, bytes]]:
        """
        Yield (stream, payload) for what was received. Raises ValueError for what is no frame.
        """
        at = 0
        while at < len(received):
            if not self._left:
                missing = _HEADER - len(self._header)
                self._header += received[at : at + missing]
                at += missing
                if len(self._header) == _HEADER:
                    self._begin()
                continue
            payload = received[at : at + self._left]
            self._left -= len(payload)
            at += len(payload)
            yield self._stream, payload

    def _begin(self) -> None:
        header, self._header = self._header, b""
        if header[0] not in (STDOUT, STDERR) or header[1:4] != b"\0\0\0":
            raise ValueError("no frame of an exec's stream")
        self._stream = header[0]
        self._left = int.from_bytes(header[4:], "big")
