"""
XML-RPC as Python's own reads and writes it, for the types that supervisord has.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xmlrpc import client

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.system import supervisor_rpc

# What XML can hold: no control characters, no lone surrogates; a parser makes \r\n of \n
TEXT = st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"))
VALUES = st.recursive(
    st.booleans() | st.integers(-(2**31), 2**31 - 1) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(st.tuples(TEXT, st.lists(VALUES, max_size=3).map(tuple)), max_size=3))
def test_a_request_is_what_python_would_send(calls: list[tuple[str, tuple[Any, ...]]]) -> None:
    """
    One call of system.multicall with all of ours in it.
    """
    (batch,), method = client.loads(supervisor_rpc.request(calls))

    assert method == "system.multicall"
    assert batch == [
        {"methodName": name, "params": [_listed(value) for value in params]}
        for name, params in calls
    ]


@given(st.lists(VALUES, max_size=4))
def test_an_answer_is_read_as_python_reads_it(values: list[Any]) -> None:
    """
    Each call's result, whatever it is made of.
    """
    answer = client.dumps((values,), methodresponse=True)

    assert [
        value
        for value in supervisor_rpc.results(answer)
        if not isinstance(value, supervisor_rpc.Fault)
    ] == [value for value in values if not (isinstance(value, dict) and "faultCode" in value)]


def test_a_fault_of_one_call_is_its_result_and_one_of_all_is_raised() -> None:
    """
    Both with supervisord's code and words.
    """
    fault = {"faultCode": 10, "faultString": "BAD_NAME: x < y"}

    true, failed = supervisor_rpc.results(client.dumps(([True, fault],), methodresponse=True))
    assert (true, failed.faultCode, failed.faultString) == (True, 10, "BAD_NAME: x < y")
    with pytest.raises(supervisor_rpc.Fault, match="UNKNOWN_METHOD"):
        supervisor_rpc.results(client.dumps(client.Fault(1, "UNKNOWN_METHOD"), methodresponse=True))


@pytest.mark.parametrize(
    "answer",
    [
        client.dumps(([{"faultCode": 6, "faultString": "SHUTDOWN_STATE"}],), methodresponse=True),
        client.dumps(client.Fault(6, "SHUTDOWN_STATE"), methodresponse=True),
    ],
    ids=["one call", "all"],
)
def test_whoever_asks_one_thing_gets_an_error_and_no_fault(
    answer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Health and status of a container that is being stopped: no traceback.
    """
    monkeypatch.setattr("slipway.system.unix_http.post", lambda *_, **__: (200, answer.encode()))

    with pytest.raises(OSError, match=r"refuses supervisor\.getState: SHUTDOWN_STATE"):
        supervisor_rpc.ask(Path("/socket"), "supervisor.getState", timeout=1)


def test_types_that_supervisord_has_not_are_errors() -> None:
    """
    Nothing is guessed.
    """
    with pytest.raises(TypeError, match="float"):
        supervisor_rpc.request([("m", (1.5,))])
    with pytest.raises(ValueError, match="double"):
        supervisor_rpc.results(client.dumps(([1.5],), methodresponse=True))


def _listed(value: Any) -> Any:
    """Tuples come back as lists."""
    return list(value) if isinstance(value, tuple) else value
