"""
Operations that cost only themselves: a failed fact about /root must not cost the user his SSH.

Our own operations look at the state, not at what ran before, so in a task of ours the next one goes
on after one that failed. Elsewhere, in an extended image's task say, a failure ends the task.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Generator
from typing import Any, TypeVar

from pyinfra import host
from pyinfra.api import operation as pyinfra_operation
from pyinfra.api.exceptions import NestedOperationError, PyinfraError
from pyinfra.context import ctx_host, ctx_state

from slipway.operations import foresight

# A key of the host's connector_data: there in a run of ours, true while a task of ours runs
INDEPENDENT = "independent"

Operation = TypeVar("Operation", bound=Callable[..., Any])


def operation() -> Callable[[Callable[..., Generator[Any]]], Any]:
    """
    Declare an operation, as pyinfra's decorator of this name does.

    In a task of ours it returns None where it fails, and the failure is in the report.
    """

    def decorate(function: Callable[..., Generator[Any]]) -> Any:
        @functools.wraps(function)
        def noted(*arguments: Any, **keywords: Any) -> Generator[Any]:
            yield from foresight.collected(function(*arguments, **keywords))

        declared: Any = pyinfra_operation()(noted)

        @functools.wraps(function)
        def independent(*arguments: Any, **keywords: Any) -> Any:
            if not host.connector_data.get(INDEPENDENT):
                return declared(*arguments, **keywords)
            name = str(keywords.get("name", function.__name__))
            try:
                return declared(*arguments, **keywords)
            except NestedOperationError:
                pass  # the operation's own data has its output
            except PyinfraError as error:
                _note(name, str(error))
            except Exception as error:  # noqa: BLE001 - whatever a fact met: it is said, not raised
                _note(name, f"{type(error).__name__}: {error}")
            # A failed fact takes the host out: the rest goes on
            ctx_state.get().active_hosts.add(ctx_host.get())
            return None

        vars(independent)["_inner"] = function
        return independent

    return decorate


def _note(name: str, why: str) -> None:
    task = host.current_deploy_name or "deploy"
    host.connector_data.setdefault("failures", []).append((task, name, why))
