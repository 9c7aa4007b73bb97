"""
Programs of an extended image: declared in its tasks, supervised like Slipway's own.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence

from pyinfra import host
from pyinfra.api import OperationError

from slipway.contract.paths import SUPERVISOR_PROGRAMS
from slipway.facts.files import FileStates
from slipway.facts.users import KnownUser
from slipway.operations import declared, differences, foresight
from slipway.operations.files import Command, File, replace
from slipway.operations.independent import operation
from slipway.services.declaration import Program

DECLARED = "declared programs"  # a key of the host's connector_data: of this run, by name


@operation()
def program(  # noqa: PLR0913 - a declaration says all that there is to say
    *,
    program: str,
    command: str | Sequence[str | bytes],
    user: str = "",
    directory: str | bytes = "",
    environment: Mapping[str, str | bytes] | None = None,
    port: int = 0,
    ready: str | Sequence[str | bytes] = "",
    ready_status: int | Sequence[int] = (),
    ready_within: int = 60,
    after: str | Sequence[str] = (),
    autostart: bool = True,
    stop_seconds: int = 2,
    title: str = "",
    link: str = "",
) -> Generator[Command]:
    """
    Have a supervised program: one file in /etc/supervisor/conf.d, named after it.

    It is started with the container, started again when it ends, and stopped with the container.
    Its output is in /var/log/supervisor/PROGRAM.log, rotated, and on the container's own output. It
    sees the container's variables. A convergence restarts it when its declaration has changed.

    What `command`, `directory` and `environment` hold arrives byte for byte: no shell reads it.

    Ready it is from the first time that `ready` finds it so until its process ends; without
    `ready`, when it has run for three seconds. It is looked at four times a second until then, each
    time for two seconds at most. docs/services.md says what `slipway status` and health make of it.

    **Example:**

    .. code:: python

        service.program(
            name="Run the notebook",
            program="notebook",
            title="Notebook",
            command=["/opt/notebook/bin/jupyter", "lab", "--no-browser"],
            user="nobody",
            directory="/workspace",
            environment={"JUPYTER_CONFIG_DIR": "/etc/jupyter"},
            port=8888,
            ready="http://127.0.0.1:8888/api",
            after=["redis"],
        )

    + program: its name, for supervisorctl, logs and status
    + command: its words; a text is split at blanks outside of quotes
    + user: the account that it runs as, with that account's HOME, USER and LOGNAME; root by default
    + directory: where it runs
    + environment: variables of its own, besides the container's
    + port: where it listens; the program finds it in its variable PORT
    + ready: `"tcp"`: it listens on its port; an `http://` URL: it is answered; a list of words: a
      command, run as the program is, that ends with 0. On this machine the port must be the
      program's own: somebody else who listens there does not count
    + ready_status: the HTTP status to expect, or several; any of 200 to 399 by default
    + ready_within: seconds after which one that is not ready yet makes the container unhealthy
    + after: programs that must be ready first; those of files that somebody wrote, too
    + autostart: whether it starts by itself
    + stop_seconds: how long it has to end before it is killed
    + title: what people call it
    + link: the path of its page, `"/lab?token=..."` say, with what opens it; `slipway status` and
      `make up` show root the whole address, and nobody else is shown it
    """
    wanted = declared.program(
        program=program,
        command=command,
        user=user,
        directory=directory,
        environment=environment,
        port=port,
        ready=ready,
        ready_status=ready_status,
        ready_within=ready_within,
        after=after,
        autostart=autostart,
        stop_seconds=stop_seconds,
        title=title,
        link=link,
    )
    _admit(wanted)
    path = f"{SUPERVISOR_PROGRAMS}/{program}.conf"
    file = File(path, wanted.text().encode(), mode="600")  # its variables may be secrets
    states = host.get_fact(FileStates, paths=[path])
    if file.matches(states.get(path)):
        host.noop(f"{program} is declared")
        return
    differences.of_file(path, file.content, file.expected, states.get(path))
    yield from replace([file], states)


def _admit(wanted: Program) -> None:
    """
    Note a program for the rest of this run. Raises OperationError for one that can't be.
    """
    known: dict[str, Program] = host.connector_data.setdefault(DECLARED, {})
    if known.get(wanted.name, wanted) != wanted:
        raise OperationError(f"program {wanted.name!r}: is declared twice, and differently")
    after = {name: each.declared.after for name, each in known.items()}
    if way := declared.circle(wanted.name, wanted.declared.after, after):
        raise OperationError(f"program {wanted.name!r}: after: {' -> '.join(way)} is a circle")
    if wanted.user and not host.get_fact(KnownUser, user=wanted.user):
        plan = foresight.plan()
        if not (plan and plan.is_check):
            raise OperationError(
                f"program {wanted.name!r}: user: there is no account {wanted.user!r}; "
                "make it first, with `server.user` say"
            )
        foresight.change(wanted.user, "an account that is missing")
    known[wanted.name] = wanted
