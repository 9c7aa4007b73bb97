"""
A task: a pyinfra deploy whose failure costs its own remaining operations and no other task's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyinfra import host
from pyinfra.api.deploy import deploy
from pyinfra.api.exceptions import NestedOperationError, PyinfraError
from pyinfra.context import ctx_host, ctx_state

from slipway.contract import paths


def task(name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """
    Declare a task: a workspace without ACLs must not cost the user his SSH.

    Where operations run as they are called (slipway.converge.run), a failed one ends its task;
    where pyinfra runs them later (its own command line), a failed one ends the host's run, as
    always there.
    """

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        run = deploy(name)(function)

        def isolated(**arguments: Any) -> None:
            host.connector_data["lock"] = str(paths.LOCK)  # for connectors that come from outside
            state = ctx_state.get()
            if not state.is_executing:
                run(**arguments)
                return
            try:
                run(**arguments)
            except NestedOperationError:
                pass  # the operation's own data has its output
            except PyinfraError as error:
                host.connector_data.setdefault("failures", []).append((name, str(error)))
            # A failed fact takes the host out: the rest goes on
            state.active_hosts.add(ctx_host.get())

        isolated.__doc__ = function.__doc__
        return isolated

    return decorate
