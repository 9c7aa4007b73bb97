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
from slipway.operations.independent import INDEPENDENT


def task(name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """
    Declare a task: a workspace without ACLs must not cost the user his SSH.

    A failed fact or operation of ours costs only itself (slipway/operations/independent.py), and
    one of pyinfra's own ends the task. Where pyinfra runs operations later (its command line), a
    failed one ends the host's run, as always there.
    """

    def decorate(function: Callable[..., None]) -> Callable[..., None]:
        run = deploy(name)(function)

        def isolated(**arguments: Any) -> None:
            noted = host.connector_data
            noted["lock"] = str(paths.LOCK)  # for connectors that come from outside
            if INDEPENDENT not in noted:  # pyinfra's own command line
                run(**arguments)
                return
            noted[INDEPENDENT] = True
            try:
                run(**arguments)
            except NestedOperationError:
                pass  # the operation's own data has its output
            except PyinfraError as error:
                noted.setdefault("failures", []).append((name, "read the facts", str(error)))
            finally:
                noted[INDEPENDENT] = False
            # A failed fact takes the host out: the rest goes on
            ctx_state.get().active_hosts.add(ctx_host.get())

        isolated.__doc__ = function.__doc__
        return isolated

    return decorate
