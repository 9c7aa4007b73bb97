"""
A task: what fails in it costs no other task, and its words say which it was.
"""

from __future__ import annotations

from typing import Any

import pytest
from pyinfra.api.exceptions import PyinfraError
from pyinfra.api.host import Host
from pyinfra.context import ctx_host

from slipway.contract import paths
from slipway.converge.run import Run
from slipway.converge.task import task
from slipway.operations.independent import INDEPENDENT
from tests.unit.conftest import Deploy


@task("Share it")
def share(*, error: Exception | None = None) -> None:
    """
    Do nothing, or fail.
    """
    if error:
        raise error


def host(*, is_check: bool = False) -> Host:
    """
    Return this machine, ready for tasks.
    """
    run = Run([("@live", {"settings": None, "loaded": None})], is_check=is_check)
    (host,) = run.hosts
    run.connect(host)
    return host


@pytest.mark.parametrize("is_check", [False, True])
def test_a_connector_from_outside_takes_the_lock(deploy: Deploy, *, is_check: bool) -> None:
    """
    Only for tasks: `pyinfra @container/x exec slipway converge` must not wait for itself.
    """
    one = host(is_check=is_check)
    assert "lock" not in one.connector_data
    with ctx_host.use(one):
        share()

    assert one.connector_data["lock"] == str(paths.LOCK)


def test_a_failure_is_noted_and_the_host_goes_on(deploy: Deploy) -> None:
    """
    A failed fact has taken it out of those that are active, and the next task needs it.
    """
    one = host()
    one.state.active_hosts.discard(one)
    with ctx_host.use(one):
        share(error=PyinfraError("a fact could not be read"))
        share()

    assert one.connector_data["failures"] == [
        ("Share it", "read the facts", "a fact could not be read")
    ]
    assert one.state.active_hosts == {one}


def test_in_a_run_of_pyinfras_own_a_failure_ends_it(deploy: Deploy) -> None:
    """
    As its command line has it for any deploy.
    """
    one = host(is_check=True)
    del one.connector_data[INDEPENDENT]
    with ctx_host.use(one), pytest.raises(PyinfraError, match="could not be read"):
        share(error=PyinfraError("a fact could not be read"))

    assert "failures" not in one.connector_data


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), ValueError("a mistake")])
def test_what_is_no_failed_operation_is_not_taken_for_one(deploy: Deploy, error: Exception) -> None:
    one = host()
    with ctx_host.use(one), pytest.raises(type(error)):
        share(error=error)


def test_a_task_keeps_its_words() -> None:
    doc: Any = share.__doc__

    assert doc.strip() == "Do nothing, or fail."
