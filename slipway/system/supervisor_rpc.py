"""
supervisord's XML-RPC over its unix socket (http://supervisord.org/api.html).

`supervisorctl` costs 125 ms a call, a request to the socket 5. Python's xmlrpc.client would cost
another 13 for what it imports (ssl, email, http), in each health probe, too; so the few types that
supervisord's answers have are read here (http://xmlrpc.com/spec.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from slipway.system import unix_http

Call = tuple[str, tuple[Any, ...]]


UNREADABLE = (
    ET.ParseError,
    ValueError,
    KeyError,
    TypeError,
    IndexError,
)  # an answer of somebody else's
SHUTDOWN_STATE = 6  # the code of supervisord's answer to everything while it ends


class Fault(Exception):  # noqa: N818 - its name in the specification
    """
    What supervisord answers instead of a result.
    """

    def __init__(self, code: int, string: str) -> None:
        super().__init__(code, string)
        self.faultCode, self.faultString = code, string


def request(calls: list[Call]) -> str:
    """
    Return the body of one request for several calls.
    """
    batch = [{"methodName": method, "params": list(params)} for method, params in calls]
    return (
        "<?xml version='1.0' encoding='utf-8'?><methodCall>"
        "<methodName>system.multicall</methodName>"
        f"<params><param>{_written(batch)}</param></params></methodCall>"
    )


def results(response: str) -> list[Any]:
    """
    Return what each call returned; a call that failed gives its Fault. Raises Fault for all.
    """
    document = ET.fromstring(response.encode())  # noqa: S314 - root's own supervisord wrote it
    if (fault := document.find("fault")) is not None:
        told = _read(fault[0])
        raise Fault(told["faultCode"], told["faultString"])
    params = document.find("params")
    return [
        Fault(outcome["faultCode"], outcome["faultString"])
        if isinstance(outcome, dict) and "faultCode" in outcome
        else outcome
        for outcome in (_read(params[0][0]) if params is not None else [])
    ]


def call(path: Path, calls: list[Call], *, timeout: float) -> list[Any]:
    """
    Ask the supervisord of this container. Raises OSError; `timeout` is in seconds.
    """
    status, answer = unix_http.post(
        path, "/RPC2", request(calls).encode(), kind="text/xml", timeout=timeout
    )
    try:
        found = results(answer.decode())
    except UNREADABLE as error:
        raise OSError(f"an answer that is not supervisord's (HTTP {status})") from error
    if len(found) != len(calls):
        raise OSError(f"an answer that is not supervisord's (HTTP {status})")
    return found


def ask(path: Path, method: str, *, timeout: float) -> Any:
    """
    Return what one call without parameters returned. Raises OSError, also for a refusal.

    + timeout: in seconds
    """
    try:
        (answer,) = call(path, [(method, ())], timeout=timeout)
    except Fault as fault:
        answer = fault
    if isinstance(answer, Fault):
        raise OSError(f"supervisord refuses {method}: {answer.faultString}")
    return answer


def _written(value: Any) -> str:
    """
    Return a value's element. Raises TypeError for one that no call of ours has.
    """
    if isinstance(value, bool):
        content = f"<boolean>{int(value)}</boolean>"
    elif isinstance(value, int):
        content = f"<int>{value}</int>"
    elif isinstance(value, str):
        content = f"<string>{_escaped(value)}</string>"
    elif isinstance(value, Mapping):
        members = (
            f"<member><name>{_escaped(name)}</name>{_written(of)}</member>"
            for name, of in value.items()
        )
        content = f"<struct>{''.join(members)}</struct>"
    elif isinstance(value, Sequence):
        content = f"<array><data>{''.join(map(_written, value))}</data></array>"
    else:
        raise TypeError(f"no XML-RPC type for {type(value).__name__}")
    return f"<value>{content}</value>"


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _read(value: ET.Element) -> Any:
    """
    Return what a `value` element holds. Raises ValueError for a type that supervisord has not.
    """
    if not len(value):
        return value.text or ""  # a string may come without its element
    (typed,) = value
    if typed.tag == "string":
        return typed.text or ""
    if typed.tag in ("int", "i4"):
        return int(typed.text or "")
    if typed.tag == "boolean":
        return typed.text == "1"
    if typed.tag == "array":
        return [_read(entry) for entry in typed[0]]
    if typed.tag == "struct":
        members = ((member.findtext("name"), member.find("value")) for member in typed)
        return {name: _read(of) for name, of in members if of is not None}
    raise ValueError(f"XML-RPC: {typed.tag}")
