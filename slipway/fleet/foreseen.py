"""
What a container will be asked, found without asking any: the deploy is checked against nothing.

The first container of a run would else be asked one question after the other, and the others would
wait for that. A question that is missed here is asked when it comes.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, cast

from pyinfra.api.host import Host
from pyinfra.context import ctx_config, ctx_host, ctx_inventory, ctx_state

from slipway.connectors.container import ContainerConnector
from slipway.connectors.shell import Result
from slipway.converge.run import Run
from slipway.fleet.questions import Question
from slipway.fleet.read_ahead import ReadAhead


def questions(host: Host) -> list[Question]:
    """
    Return what a deploy asks a host with this one's data, as far as that depends on no answer.
    """
    with _apart():
        run = Run([("@container/nobody", host.data.dict())], is_check=True)
        (nobody,) = run.hosts
        connector: Any = nobody.connector
        connector.connect = lambda: None
        connector.execute = lambda _script, **_bounds: Result(0, b"", b"")
        facts = ReadAhead(nobody, cast("ContainerConnector", connector))
        with suppress(Exception):  # the host's own run says what is wrong
            run.connect(nobody)
            facts.watch()
            run.deploy(nobody)
    return list(facts.asked.values())


@contextmanager
def _apart() -> Iterator[None]:
    """
    Leave pyinfra as it is, whatever another run makes of it meanwhile.
    """
    logger = logging.getLogger("pyinfra")
    contexts = (ctx_state, ctx_config, ctx_inventory, ctx_host)
    before = [each.get() for each in contexts]
    listening = list(logger.handlers)
    try:
        yield
    finally:
        logger.handlers = listening
        for each, was in zip(contexts, before, strict=True):
            each.set(was)
