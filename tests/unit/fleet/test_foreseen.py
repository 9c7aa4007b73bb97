"""
What a container will be asked, found without asking any.
"""

from __future__ import annotations

import logging

import pytest
from pyinfra.api.host import Host
from pyinfra.context import ctx_config, ctx_host, ctx_inventory, ctx_state

from slipway.converge.run import Run
from slipway.fleet import foreseen
from slipway.settings.load import load
from tests.unit.conftest import Deploy

ASKING = """
@task("Files")
def lay(*, path):
    have(name="Have the file", path=path)
    if host.get_fact(Exists, path="/there"):
        have(name="Have another", path="/other")
    say(name="Say it", command="touch /tmp/slipway-test-said")
    {more}

lay(path=host.data.settings.workspace)
"""


@pytest.fixture
def host() -> Host:
    """
    A host of a run that converges.
    """
    settings = load({"WORKSPACE": "/data"}).settings
    run = Run([("@container/x", {"container_name": "x", "settings": settings})])
    return run.hosts[0]


@pytest.mark.parametrize("more", ["", "ask(name='Ask')", "say(command=1 / 0)"])
def test_questions_are_those_of_the_hosts_own_settings(
    host: Host, deploy: Deploy, more: str
) -> None:
    """
    Those before a mistake, too. Nothing is run, and the run that goes on is as it was.
    """
    deploy(ASKING.format(more=more))
    before = (ctx_state.get(), ctx_config.get(), ctx_inventory.get(), ctx_host.get())
    handlers = list(logging.getLogger("pyinfra").handlers)
    found = [question.script for question in foreseen.questions(host)]

    assert found[:2] == ["ls /data 2>/dev/null || true", "ls /there 2>/dev/null || true"]
    assert before == (ctx_state.get(), ctx_config.get(), ctx_inventory.get(), ctx_host.get())
    assert handlers == logging.getLogger("pyinfra").handlers
    assert host.connector_data == {}


def test_a_deploy_that_can_not_be_run_asks_nothing(host: Host, deploy: Deploy) -> None:
    """
    The host's own run says why.
    """
    deploy("1 / 0")

    assert foreseen.questions(host) == []
