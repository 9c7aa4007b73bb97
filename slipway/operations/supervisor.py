"""
supervisord's programs: configured, running, and only those restarted that changed.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence

from pyinfra import host
from pyinfra.api import OperationError, StringCommand, operation

from slipway import xmlrpc
from slipway.facts.supervisor import UP, SupervisordState, asked, rpc
from slipway.inside import Inside, Result


@operation()
def update(*, running: Sequence[str] = ()) -> Generator[StringCommand]:
    """
    Apply the configuration files: add what is new, replace what changed, remove what is gone.

    Where no supervisord runs (an image build) the files are all there is to do.

    + running: programs that must run now, started where they don't; the others are left as they
      are, so that what a user stopped by hand stays stopped unless he asks for it
    """
    yield from apply(running=running)


def apply(*, running: Sequence[str]) -> Generator[StringCommand]:
    """
    Yield what `update` does, for operations that have written programs' files of their own.
    """
    supervisord = host.get_fact(SupervisordState)
    if supervisord is None:
        host.noop("no supervisord runs here")
        return
    if supervisord.broken:
        raise OperationError(
            f"supervisord can't read its configuration: {supervisord.broken}; "
            "mend or remove the file it names in /etc/supervisor/conf.d and converge again"
        )
    calls = _replace(supervisord.removed, supervisord.changed, supervisord.added)
    fresh = {*supervisord.added, *supervisord.changed}
    down = [
        name
        for name in running
        if name in fresh
        or (name in supervisord.programs and supervisord.programs[name].state not in UP)
    ]
    calls += [("supervisor.startProcessGroup", (name, False)) for name in down]
    if not calls:
        host.noop("supervisord has what its files say")
        return
    yield checked(calls)


def checked(calls: Sequence[xmlrpc.Call]) -> StringCommand:
    """
    Return the command that makes calls and fails, with the answer on stderr, if one of them did.
    """
    command = StringCommand(
        "answer=$(",
        rpc(list(calls)),
        ') && case $answer in *faultCode*) printf "%s\\n" "$answer" >&2; exit 1;; esac',
    )

    def act() -> Result:
        done = asked(list(calls))
        is_fault = b"faultCode" in done.stdout
        return done._replace(
            stdout=b"",
            stderr=done.stdout if is_fault else done.stderr,
            code=1 if is_fault else done.code,
        )

    return Inside(command, act)


def _replace(
    removed: Sequence[str], changed: Sequence[str], added: Sequence[str]
) -> list[xmlrpc.Call]:
    calls: list[xmlrpc.Call] = []
    for name in (*removed, *changed):
        calls.append(("supervisor.stopProcessGroup", (name,)))
        calls.append(("supervisor.removeProcessGroup", (name,)))
    calls += [("supervisor.addProcessGroup", (name,)) for name in (*changed, *added)]
    return calls
