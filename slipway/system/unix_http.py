"""
One HTTP request over a unix socket: what supervisord and rclone are told through theirs.

http.client would do it, at 20 ms of imports for a process that asks once.
"""

from __future__ import annotations

import socket
from pathlib import Path


def post(path: Path, target: str, body: bytes, *, kind: str, timeout: float) -> tuple[int, bytes]:
    """
    Return status and body of the answer. Raises OSError.

    + path: of the socket
    + target: what is asked for: "/RPC2"
    + kind: the body's content type
    + timeout: in seconds, for each step
    """
    head = (
        f"POST {target} HTTP/1.0\r\nHost: localhost\r\nContent-Type: {kind}\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(timeout)
        try:
            connection.connect(str(path))
        except PermissionError as error:
            error.filename = str(path)
            raise
        connection.sendall(head.encode() + body)
        answer = b""
        while chunk := connection.recv(65536):  # HTTP/1.0: the server closes when it is done
            answer += chunk
            if _is_whole(answer):
                break
    head_end, separator, content = answer.partition(b"\r\n\r\n")
    words = head_end.split(None, 2)
    if not separator or len(words) < 2 or not words[1].isdigit():  # noqa: PLR2004 - HTTP/1.0 200
        raise OSError(f"{path}: no answer")
    return int(words[1]), content


def _is_whole(answer: bytes) -> bool:
    head, separator, content = answer.partition(b"\r\n\r\n")
    for line in head.split(b"\r\n") if separator else []:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return len(content) >= int(value)
    return False
