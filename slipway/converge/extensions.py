"""
Extensions, converged one after the other: the files of each, then its tasks.

A task that fails costs its own remaining operations. It is named with file and line.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from pyinfra import host
from pyinfra.api import StringCommand
from pyinfra.api.exceptions import NestedOperationError, PyinfraError
from pyinfra.context import ctx_host, ctx_state

from slipway.contract import paths, report
from slipway.converge import extension_files
from slipway.converge.complaints import COMPLAINTS, Complaints
from slipway.converge.extension_files import REPLACEABLE, Laid
from slipway.environment import extensions
from slipway.environment.extensions import Extensions, Found, Problem
from slipway.facts.extensions import ExtensionsSeen
from slipway.operations import files, foresight, links
from slipway.operations.files import File
from slipway.settings.extension import changed_defaults
from slipway.settings.variables import VARIABLES
from slipway.system import words

# Keys of the host's connector_data
PLACES = "places"  # where operations of extensions failed: Place, by pyinfra's hash
PROBLEMS = "problems"  # what else of them failed
WITHIN = "within"  # the report of a container that has converged its own extensions


class Place(NamedTuple):
    """
    Where an operation of an extension failed.
    """

    line: str  # "FILE, line N"
    complaint: str  # of pyinfra's, where the operation has no output


def converge(added: Extensions) -> None:
    """
    Bring about what a container's extensions describe. Raises nothing for what is in them.
    """
    if not (added.found or added.problems):
        return
    _record_defaults(added)
    laid, disputed = extension_files.of(added)
    for problem in (*added.problems, *disputed):
        _fail(problem)
    for each in added.found:
        with host.deploy(name=each.name, kwargs=None, data=None), _at(each):
            _lay(each, laid[each.name])
            for task in sorted((each.path / "tasks").glob("*.py")):
                _run(each, task)


def converge_within() -> None:
    """
    Have a container that is seen from outside converge its own extensions, in the same run.

    What it answers is read as what anybody may have written.
    """
    if not host.get_fact(ExtensionsSeen, files=sorted(REPLACEABLE)).are_there:
        return
    plan = foresight.plan()
    asked = [str(paths.SLIPWAY), "extensions", *(["--check"] if plan and plan.is_check else [])]
    if plan is None:  # pyinfra's own command line, which shows commands and runs them later
        from pyinfra.operations import server  # noqa: PLC0415 - nobody else needs it

        server.shell(name="Converge the extensions from within", commands=[" ".join(asked)])
        return
    _, output = host.run_shell_command(StringCommand(*asked))
    done = report.parse(output.stdout.encode(errors="surrogateescape"))
    if done is None:
        why = words.said(output.stderr_lines) or "its slipway gave no report"
        _fail(Problem("extensions", "converge from within", why))
        return
    host.connector_data[WITHIN] = done


def _record_defaults(added: Extensions) -> None:
    """
    Have the defaults that extensions change where they are read from outside.
    """
    path, name = str(paths.DEFAULTS), "Record other defaults"
    defaults = changed_defaults(added.variables, VARIABLES)
    with (
        host.deploy(name="Extensions", kwargs=None, data=None),
        _isolated("Extensions", paths.EXTENSIONS, name),
    ):
        files.present(
            name=name,
            files=[File(path, defaults)] if defaults else [],
            absent=[] if defaults else [path],
        )


@contextmanager
def _at(extension: Found) -> Iterator[None]:
    """
    Have pyinfra look for an extension's files where the extension is.
    """
    state = ctx_state.get()
    before, state.cwd = state.cwd, str(extension.path)
    try:
        yield
    finally:
        state.cwd = before


def _lay(extension: Found, laid: Laid) -> None:
    if laid.files:
        with _isolated(extension.name, extension.path, "Lay its files"):
            files.present(
                name="Lay its files",
                files=[extension_files.file(path, source) for path, source in laid.files.items()],
            )
    if laid.links:
        with _isolated(extension.name, extension.path, "Lay its links"):
            links.present(name="Lay its links", links=laid.links)


def _run(extension: Found, task: Path) -> None:
    names: dict[str, Any] = {"__name__": task.stem, "__file__": str(task)}
    with _isolated(extension.name, extension.path, f"tasks/{task.name}"):
        exec(compile(task.read_bytes(), str(task), "exec"), names)  # noqa: S102 - as pyinfra runs one


@contextmanager
def _isolated(extension: str, place: Path, name: str) -> Iterator[None]:
    """
    Note what fails in a block, with its line, instead of raising it.

    + place: where the extension's files are
    + name: what it is, where it is no operation that fails
    """
    complaints: Complaints = host.connector_data.get(COMPLAINTS) or Complaints()
    before = complaints.number(host)
    try:
        yield
    except NestedOperationError as error:  # the operation's own data has its output
        places = host.connector_data.setdefault(PLACES, {})
        line = extensions.line(error, place) or str(place)
        places[error.args[0]] = Place(line, complaints.of(host, since=before))
    except PyinfraError as error:
        said = complaints.of(host, since=before) or str(error)
        line = extensions.line(error, place) or str(place)
        _fail(Problem(extension, name, f"{line}: {said}"))
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - SystemExit, too: the next one goes on
        _fail(Problem(extension, name, extensions.located(error, place)))
    # A failed fact takes the host out: the rest goes on
    ctx_state.get().active_hosts.add(ctx_host.get())


def _fail(problem: Problem) -> None:
    host.connector_data.setdefault(PROBLEMS, []).append(problem)
