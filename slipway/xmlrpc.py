"""
supervisord's XML-RPC over its unix socket (http://supervisord.org/api.html).

`supervisorctl` costs 125 ms a call, a request to the socket 5.
"""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any, cast
from xmlrpc.client import Fault, dumps, loads

Call = tuple[str, tuple[Any, ...]]


def request(calls: list[Call]) -> str:
    """
    Return the body of one request for several calls.
    """
    batch = [{"methodName": method, "params": list(params)} for method, params in calls]
    return dumps((batch,), "system.multicall", encoding="utf-8")


def results(response: str) -> list[Any]:
    """
    Return what each call returned; a call that failed gives its Fault. Raises Fault for all.
    """
    (outcomes,), _ = cast("tuple[tuple[list[Any]], str]", loads(response))
    return [
        Fault(outcome["faultCode"], outcome["faultString"])
        if isinstance(outcome, dict) and "faultCode" in outcome
        else outcome
        for outcome in outcomes
    ]


def call(path: Path, calls: list[Call], *, timeout: float) -> list[Any]:
    """
    Ask the supervisord of this container. Raises OSError; `timeout` is in seconds.
    """
    body = request(calls).encode()
    head = (
        "POST /RPC2 HTTP/1.0\r\nHost: localhost\r\nContent-Type: text/xml\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(timeout)
        connection.connect(str(path))
        connection.sendall(head.encode() + body)
        response = b""
        while chunk := connection.recv(65536):
            response += chunk
            _, separator, answer = response.partition(b"\r\n\r\n")
            if separator and answer.rstrip().endswith(b"</methodResponse>"):
                return results(answer.decode())
    raise OSError("supervisord closed the connection without an answer")
