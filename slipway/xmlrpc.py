"""
supervisord's XML-RPC over its unix socket (http://supervisord.org/api.html).

`supervisorctl` costs 125 ms a call, a request to the socket 5.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast
from xmlrpc.client import Fault, dumps, loads

from slipway import unixhttp

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
    _, answer = unixhttp.post(
        path, "/RPC2", request(calls).encode(), kind="text/xml", timeout=timeout
    )
    return results(answer.decode())
