"""
What the connector asks the engine, and what it makes of the answers.
"""

from __future__ import annotations

from typing import Any

import pytest
from docker.errors import APIError, NotFound

from slipway.connectors import engine


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
    with pytest.raises(engine.EngineError) as refusal:
        engine.identify("x")

    assert str(refusal.value) == text


def test_running_containers_are_found_by_their_label(monkeypatch: pytest.MonkeyPatch) -> None:
    """
    That of the image, which child images have, too.
    """
    asked = api(monkeypatch, [{"Names": ["/b"]}, {"Names": ["/b/a", "/a"]}]).asked

    assert engine.running() == ["a", "b"]
    assert asked == [((), {"filters": {"label": "slipway.version", "status": "running"}})]
