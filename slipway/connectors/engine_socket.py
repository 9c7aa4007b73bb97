"""
The container engine's API over a unix socket: the four questions that there are here.

The engine's SDK can do that, too, with every other kind of connection; its import takes 0.2 s of a
processor, which is more than three containers of a fleet. While the engine is at it, other hosts go
on. The requests are those of Docker's Engine API, each on a connection of its own.
"""

from __future__ import annotations

import contextlib
import json
import socket
import time
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from slipway.connectors.connection import Connection

_PATIENCE = 60.0  # seconds for an answer: the SDK's
_LONGEST_HEAD = 1 << 16  # bytes
_UPGRADE = "Connection: Upgrade\r\nUpgrade: tcp\r\n"
_DONE = (101, 200, 201)


class EngineError(OSError):
    """
    The engine can't do what was asked; the text is for a person.
    """


class EngineSocket:
    """
    An engine, with the names that the SDK has for these questions.
    """

    def __init__(self, path: str) -> None:
        self._path = path

    def containers(self, *, filters: Mapping[str, str]) -> Any:
        """
        Return what there is to say of containers. Raises OSError, as the others.
        """
        asked = json.dumps({name: [value] for name, value in filters.items()})
        return self._answer("GET", f"/containers/json?filters={quote(asked)}")

    def inspect_container(self, name: str) -> Any:
        """
        Return all there is to say of one.
        """
        return self._answer("GET", f"/containers/{quote(name, safe='')}/json")

    def exec_create(self, container: str, words: Sequence[str], *, stdin: bool, user: str) -> Any:
        """
        Prepare a command; returns its `Id`.
        """
        asked: dict[str, Any] = {"AttachStdin": stdin, "AttachStdout": True, "AttachStderr": True}
        asked |= {"Cmd": list(words), "User": user}
        return self._answer("POST", f"/containers/{quote(container, safe='')}/exec", asked)

    def exec_start(self, command: str, *, socket: bool) -> Connection:  # noqa: ARG002 - the SDK's
        """
        Start a command that was prepared; returns its streams.
        """
        asked = {"Detach": False, "Tty": False}
        connection, status, rest = self._asked("POST", f"/exec/{command}/start", asked, _UPGRADE)
        if status not in _DONE:
            raise _error(_whole(connection, rest))
        connection.take_back(rest)
        return connection

    def _answer(self, method: str, target: str, asked: object = None) -> Any:
        connection, status, rest = self._asked(method, target, asked, "")
        content = _whole(connection, rest)
        if status not in _DONE:
            raise _error(content)
        try:
            return json.loads(content)
        except ValueError:
            raise EngineError(f"{self._path}: an answer that is cut off") from None

    def _asked(
        self, method: str, target: str, asked: object, headers: str
    ) -> tuple[Connection, int, bytes]:
        """
        Return the connection, the answer's status, and what has come of it after its head.
        """
        body = b"" if asked is None else json.dumps(asked).encode()
        version = "1.1" if headers else "1.0"  # 1.0: ended by the connection's end, never in chunks
        head = (
            f"{method} {target} HTTP/{version}\r\nHost: engine\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
        )
        connection = Connection(_connected(self._path))
        try:
            connection.send(head.encode() + body)
            received, deadline = b"", time.monotonic() + _PATIENCE
            while b"\r\n\r\n" not in received and len(received) < _LONGEST_HEAD:
                if not (more := connection.receive(deadline)):
                    break
                received += more
            first, _, rest = received.partition(b"\r\n\r\n")
            return connection, int(first.split(b" ", 2)[1]), rest
        except (ValueError, IndexError):
            connection.close()
            raise EngineError(f"{self._path}: no engine answers there") from None
        except TimeoutError:
            connection.close()
            raise EngineError(f"{self._path}: no answer after {_PATIENCE:.0f} s") from None
        except BaseException:
            connection.close()
            raise


def _connected(path: str) -> socket.socket:
    stream = socket.socket(socket.AF_UNIX)
    try:
        stream.connect(path)
    except OSError as error:
        stream.close()
        raise EngineError(f"{path}: {error.strerror}") from None
    return stream


def _whole(connection: Connection, content: bytes) -> bytes:
    deadline = time.monotonic() + _PATIENCE
    with contextlib.closing(connection):
        try:
            while more := connection.receive(deadline):
                content += more
        except TimeoutError:
            raise EngineError(f"no whole answer after {_PATIENCE:.0f} s") from None
    return content


def _error(content: bytes) -> EngineError:
    """
    Return what the engine complains of, as it begins in the middle of a sentence.

    It has no such page for a name that no container can have.
    """
    try:
        text = str(json.loads(content)["message"])
    except (ValueError, KeyError, TypeError):
        text = "no such container"
    return EngineError(text[:1].lower() + text[1:])
