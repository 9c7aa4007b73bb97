"""
Extensions, converged one after the other: the files of each, then its tasks.

A task that fails costs its own remaining operations. It is named with file and line.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pyinfra import host
from pyinfra.api.exceptions import NestedOperationError
from pyinfra.context import ctx_host, ctx_state

from slipway.converge import extension_files
from slipway.converge.extension_files import Laid
from slipway.environment import extensions
from slipway.environment.extensions import Extensions, Found, Problem
from slipway.operations import files

PLACES = "places"  # a key of the host's connector_data: where operations of extensions failed
OWNER = "extension"  # another one: whose task runs


def converge(added: Extensions) -> None:
    """
    Bring about what a container's extensions describe. Raises nothing for what is in them.
    """
    laid, disputed = extension_files.of(added)
    for problem in (*added.problems, *disputed):
        _fail(problem)
    for each in added.found:
        with host.deploy(name=each.name, kwargs=None, data=None), _at(each):
            _lay(each, laid[each.name])
            for task in sorted((each.path / "tasks").glob("*.py")):
                _run(each, task)


@contextmanager
def _at(extension: Found) -> Iterator[None]:
    """
    Have pyinfra look for an extension's files where the extension is.
    """
    state = ctx_state.get()
    before, state.cwd = state.cwd, str(extension.path)
    host.connector_data[OWNER] = extension.name
    try:
        yield
    finally:
        state.cwd = before
        del host.connector_data[OWNER]


def _lay(extension: Found, laid: Laid) -> None:
    if laid.files:
        with _isolated(extension, "Lay its files"):
            files.present(
                name="Lay its files",
                files=[extension_files.file(path, source) for path, source in laid.files.items()],
            )
    if laid.links:
        with _isolated(extension, "Lay its links"):
            files.links(name="Lay its links", links=laid.links)


def _run(extension: Found, task: Path) -> None:
    names: dict[str, Any] = {"__name__": task.stem, "__file__": str(task)}
    with _isolated(extension, f"tasks/{task.name}"):
        exec(compile(task.read_bytes(), str(task), "exec"), names)  # noqa: S102 - as pyinfra runs one


@contextmanager
def _isolated(extension: Found, name: str) -> Iterator[None]:
    """
    Note what fails in a block, with its line, instead of raising it.

    + name: what it is, where it is no operation that fails
    """
    try:
        yield
    except NestedOperationError as error:  # the operation's own data has its output
        places = host.connector_data.setdefault(PLACES, {})
        places[error.args[0]] = extensions.line(error, extension.path)
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - SystemExit, too: the next one goes on
        _fail(Problem(extension.name, name, extensions.located(error, extension.path)))
    # A failed fact takes the host out: the rest goes on
    ctx_state.get().active_hosts.add(ctx_host.get())


def _fail(problem: Problem) -> None:
    host.connector_data.setdefault("failures", []).append(tuple(problem))
