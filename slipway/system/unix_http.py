"""
One HTTP request over a unix socket: what supervisord and rclone are told through theirs.

http.client would do it, at 20 ms of imports for a process that asks once.
"""

from __future__ import annotations

import contextlib
import re
import select
import socket
import time
from collections.abc import Iterable
from pathlib import Path

_LARGEST = 32 << 20  # bytes of an answer: a hundred times those of a thousand programs
_LEAST = 0.01  # seconds that the last one is asked for, when the others have used up the time


def post(path: Path, target: str, body: bytes, *, kind: str, timeout: float) -> tuple[int, bytes]:
    """
    Return status and body of the answer. Raises OSError.

    + path: of the socket
    + target: what is asked for: "/RPC2"
    + kind: the body's content type
    + timeout: in seconds, for all of it: also for one who answers a byte at a time
    """
    deadline = time.monotonic() + timeout
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(timeout)
        try:
            connection.connect(str(path))
        except PermissionError as error:
            error.filename = str(path)
            raise
        connection.sendall(_request(target, body, kind))
        answer = b""
        while chunk := connection.recv(65536):  # HTTP/1.0: the server closes when it is done
            answer += chunk
            if _is_whole(answer):
                break
            if len(answer) > _LARGEST:
                raise OSError(f"{path}: an answer without an end")
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("timed out")
            connection.settimeout(left)
    return _read(path, answer)


def post_to_all(
    paths: Iterable[Path], target: str, body: bytes, *, kind: str, seconds: float
) -> dict[Path, tuple[int, bytes]]:
    """
    Return the answers of several, asked at the same time; who gives none in time is left out.

    Without a thread for each: where a container may start none, this still answers.

    + seconds: for all of them together
    """
    poll, answers = select.poll(), {}
    asked: dict[int, tuple[Path, socket.socket]] = {}
    deadline = time.monotonic() + seconds
    try:
        for path in paths:
            connection = socket.socket(socket.AF_UNIX)
            asked[connection.fileno()] = path, connection
            connection.settimeout(max(_LEAST, deadline - time.monotonic()))
            with contextlib.suppress(OSError):  # nobody listens, or one is too busy to
                connection.connect(str(path))
                connection.sendall(_request(target, body, kind))
                poll.register(connection, select.POLLIN)
        said: dict[int, bytes] = dict.fromkeys(asked, b"")
        waiting = len(asked)
        while waiting and (left := deadline - time.monotonic()) > 0:
            for number, _ in poll.poll(1000 * left):
                path, connection = asked[number]
                chunk = _received(connection)
                said[number] += chunk
                if chunk and not _is_whole(said[number]):
                    continue
                poll.unregister(number)
                waiting -= 1
                with contextlib.suppress(OSError):
                    answers[path] = _read(path, said[number])
    finally:
        for _, connection in asked.values():
            connection.close()
    return answers


def _request(target: str, body: bytes, kind: str) -> bytes:
    head = (
        f"POST {target} HTTP/1.0\r\nHost: localhost\r\nContent-Type: {kind}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _received(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536)
    except OSError:
        return b""


def _read(path: Path, answer: bytes) -> tuple[int, bytes]:
    """
    Return status and body of a whole answer. Raises OSError for anything else.
    """
    head, separator, content = answer.partition(b"\r\n\r\n")
    words = head.split(None, 2)
    if not separator or len(words) < 2 or not words[1].isdigit():  # noqa: PLR2004 - HTTP/1.0 200
        raise OSError(f"{path}: no answer")
    return int(words[1]), content


def _is_whole(answer: bytes) -> bool:
    head, separator, content = answer.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n") if separator else []:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length" and re.fullmatch(rb"\s*\d{1,18}\s*", value):
            return len(content) >= int(value)
    return False
