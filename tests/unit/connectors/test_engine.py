"""
What the connector asks the engine, and what it makes of the answers.
"""

from __future__ import annotations

from typing import Any

import gevent.socket
import pytest
from docker.errors import APIError, NotFound

from slipway.connectors import engine
from slipway.connectors.engine_socket import EngineError


class Api:
    """
    Stands in for the engine's API.
    """

    def __init__(self, answer: Any) -> None:
        self.answer = answer
        self.asked: list[Any] = []

    def __getattr__(self, _name: str) -> Any:
        def ask(*words: Any, **options: Any) -> Any:
            self.asked.append((words, options))
            if isinstance(self.answer, Exception):
                raise self.answer
            return self.answer

        return ask


def api(monkeypatch: pytest.MonkeyPatch, answer: Any) -> Api:
    """
    Have an answer given to every question.
    """
    stand_in = Api(answer)
    monkeypatch.setattr(engine, "_api", lambda: stand_in)
    return stand_in


def state(status: str, *, running: bool, paused: bool = False) -> dict[str, Any]:
    """
    Return a part of `docker inspect`.
    """
    return {"Id": "f00", "State": {"Status": status, "Running": running, "Paused": paused}}


def test_a_running_container_has_an_id(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    A name may be used again; the id is that one container's.
    """
    api(monkeypatch, state("running", running=True))

    assert engine.identify("name") == "f00"


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (state("exited", running=False), "the container is exited; start it first"),
        (state("created", running=False), "the container is created; start it first"),
        (state("paused", running=True, paused=True), "the container is paused; start it first"),
        (NotFound("404", explanation="No such container: x"), "no such container: x"),
        (APIError("500"), "500"),
        (ConnectionRefusedError(111, "Connection refused"), "[Errno 111] Connection refused"),
    ],
)
def test_others_are_refused_in_one_line(
    monkeypatch: pytest.MonkeyPatch, answer: Any, text: str
) -> None:
    """
    The reason, for a person.
    """
    api(monkeypatch, answer)
    with pytest.raises(EngineError) as refusal:
        engine.identify("x")

    assert str(refusal.value) == text


def test_running_containers_are_found_by_their_label(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    That of the image, which child images have, too.
    """
    asked = api(monkeypatch, [{"Names": ["/b"]}, {"Names": ["/b/a", "/a"]}]).asked

    assert engine.running() == ["a", "b"]
    assert asked == [((), {"filters": {"label": "slipway.version", "status": "running"}})]


def test_the_socket_is_the_one_that_yields(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    For TLS the SDK gives the socket itself; gevent's has the blocking one as its `_sock`.
    """

    class Exec:
        def __init__(self, stream: Any) -> None:
            self.stream = stream

        def exec_create(self, *_words: Any, **_options: Any) -> dict[str, str]:
            return {"Id": "1"}

        def exec_start(self, _identifier: str, *, socket: bool) -> Any:
            assert socket
            return self.stream

    plain, other = gevent.socket.socketpair()
    with plain, other:
        for stream in (plain, plain.makefile("rwb", buffering=0)):
            monkeypatch.setattr(engine, "_api", lambda stream=stream: Exec(stream))
            connection = engine.execute("x", ["sh"], user="")
            assert connection._socket is plain  # noqa: SLF001 - what waits are made on


def test_an_engine_behind_ssh_is_refused_with_the_way_round(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """
    Its streams are no sockets; nothing is connected to find that out.
    """
    monkeypatch.setenv("DOCKER_HOST", "ssh://root@192.0.2.1")
    engine._api.cache_clear()  # noqa: SLF001 - asked anew, as in a new process
    try:
        with pytest.raises(EngineError, match=r"^DOCKER_HOST: ssh:// is not supported; "):
            engine.identify("name")
    finally:
        engine._api.cache_clear()  # noqa: SLF001
