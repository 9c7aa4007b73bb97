"""
supervisord's programs: configured, running, and only those restarted that changed.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence

from pyinfra import host
from pyinfra.api import OperationError, QuoteString, StringCommand

from slipway.connectors.native import Inside, Result
from slipway.contract.paths import SUPERVISOR_PROGRAMS, SUPERVISORD_CONF
from slipway.facts.supervisor import UP, Program, Supervisord, SupervisordState, asked, rpc
from slipway.operations import foresight, program_files
from slipway.operations.independent import operation
from slipway.services import told
from slipway.system import supervisor_rpc


@operation()
def update(*, running: Sequence[str] = ()) -> Generator[StringCommand]:
    """
    Apply the configuration files: add what is new, replace what changed, remove what is gone.

    Where no supervisord runs (an image build) the files are all there is to do.

    What starts with the container and was stopped by hand is started again, but for convergences
    that a watcher has asked for (`keep_stopped` in the host's data).

    What ran and changed runs again, also what does not start with the container.

    A file that can't be used fails the operation, when all others are applied.

    + running: programs that must run now, whatever their files say, started where they don't
    """
    supervisord = expected()
    down = supervisord.down if supervisord else ()
    others = [name for name in down if name not in running]
    yield from _apply(supervisord, running=[*running, *others])
    if supervisord and supervisord.closed:
        foresight.act("declared programs", "start")
        yield checked([("supervisor.releasePrograms", ())])
    if supervisord and (left_out := _left_out(supervisord)):
        yield Complaint(told.LEFT_OUT + "; ".join(left_out))


def _left_out(supervisord: Supervisord) -> list[str]:
    """
    Return what can't be used. A check has not mended our main file yet, which is drift by itself.
    """
    ours = str(SUPERVISORD_CONF)
    is_check = not host.state.is_executing
    return [each for each in supervisord.left_out if not (is_check and each.startswith(ours))]


def apply(*, running: Sequence[str]) -> Generator[StringCommand]:
    """
    Yield what `update` does, for operations that have written programs' files of their own.
    """
    yield from _apply(expected(), running=running)


def expected(*, changes: bool = True) -> Supervisord | None:
    """
    Return supervisord's state; in a check, that which the operations above would leave.

    + changes: with what its files would change, for which it reads them all
    """
    plan = foresight.plan()
    if plan is None or not plan.is_check:
        return host.get_fact(SupervisordState, **({} if changes else {"changes": False}))
    state = plan.supervisord or host.get_fact(SupervisordState)
    return program_files.foreseen(state, plan) if state else None


def will_run(name: str) -> None:
    """
    Note for the operations that follow that a program was started.
    """
    plan = foresight.plan()
    if plan and plan.is_check:
        state = plan.supervisord or host.get_fact(SupervisordState)
        if state:
            started = {**state.programs, name: Program("STARTING", 0)}
            plan.supervisord = state._replace(programs=started)


def checked(calls: Sequence[supervisor_rpc.Call]) -> Inside:
    """
    Return the command that makes calls and fails, with the answer on stderr, if one of them did.
    """
    command = _Calls(
        "answer=$(",
        rpc(list(calls)),
        ') && case $answer in *faultCode*) printf "%s\\n" "$answer" >&2; exit 1;; esac',
        text=_shown(calls),
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


def tried(calls: Sequence[supervisor_rpc.Call]) -> StringCommand:
    """
    Return the command that makes calls, whatever supervisord answers to them.
    """
    command = _Calls(rpc(list(calls)), ">/dev/null", text=_shown(calls))
    return Inside(command, lambda: asked(list(calls))._replace(stdout=b""))


class Complaint(Inside):
    """
    A command that fails with some words, for what no command can mend: `slipway check` tells these.
    """

    def __init__(self, words: str) -> None:
        self.complaint = words
        super().__init__(
            StringCommand("echo", QuoteString(words), ">&2;", "exit", "1"),
            lambda: Result(b"", words.encode(), code=1),
        )

    def get_masked_value(self) -> str:
        """Return what is shown."""
        return self.complaint


class _Calls(StringCommand):
    """
    A command that is shown as what it does: `slipway check` is for people, and XML is not.
    """

    def __init__(self, *bits: object, text: str) -> None:
        super().__init__(*bits)
        self.text = text

    def get_masked_value(self) -> str:
        """Return what is shown."""
        return self.text


def _shown(calls: Sequence[supervisor_rpc.Call]) -> str:
    return "; ".join(
        f"{method.removeprefix('supervisor.')} {' '.join(map(str, words[:1]))}"
        for method, words in calls
    )


def _apply(supervisord: Supervisord | None, *, running: Sequence[str]) -> Generator[StringCommand]:
    if supervisord is None:
        host.noop("no supervisord runs here")
        return
    if supervisord.silent:
        yield Complaint(told.SILENCE)
        return
    if supervisord.broken:
        raise OperationError(
            f"supervisord can't read its configuration: {supervisord.broken}; "
            f"mend or remove the file it names in {SUPERVISOR_PROGRAMS} and converge again"
        )
    calls = _replace(supervisord.removed, supervisord.changed, supervisord.added)
    starts = _to_start(supervisord, running)
    if not calls and not starts:
        host.noop("supervisord has what its files say")
    _tell(supervisord, starts)
    if calls:
        yield checked(calls)
    if starts:  # one may run by now; for one that can't be started health has the words
        yield tried([("supervisor.startProcess", (name, False)) for name in starts])


def _tell(supervisord: Supervisord, starts: Sequence[str]) -> None:
    """
    Note what becomes of programs, each once, and how supervisord is for what follows.
    """
    named = {"stop: its file is gone": supervisord.removed}
    named |= {"restart: its file changed": supervisord.changed}
    named |= {"be added: its file is new": supervisord.added}
    for what, names in named.items():
        for name in names:
            foresight.act(name, what)
    replaced = {*supervisord.removed, *supervisord.changed, *supervisord.added}
    for name in starts:
        if _group(name) not in replaced:
            foresight.act(name, "start")
    plan = foresight.plan()
    if plan and plan.is_check:
        plan.supervisord = program_files.applied(supervisord, starts)
        plan.applied |= plan.left.keys()


def _to_start(supervisord: Supervisord, running: Sequence[str]) -> list[str]:
    """
    Return what is to be started when supervisord has the present files.
    """
    fresh = {*supervisord.added, *supervisord.changed}
    up = [name for name, program in supervisord.programs.items() if program.state in UP]
    ran = [
        name
        for name in up
        if _group(name) in supervisord.changed and not supervisord.programs[name].autostart
    ]
    new = [name for name in running if _group(name) in fresh and name not in supervisord.down]
    down = [name for name in running if name in supervisord.programs and name not in up]
    if host.data.get("keep_stopped"):
        down = []
    down = [name for name in down if _group(name) not in (*fresh, *supervisord.removed)]
    return list(dict.fromkeys([*new, *ran, *down]))


def _group(name: str) -> str:
    return name.partition(":")[0]


def _replace(
    removed: Sequence[str], changed: Sequence[str], added: Sequence[str]
) -> list[supervisor_rpc.Call]:
    calls: list[supervisor_rpc.Call] = []
    for name in (*removed, *changed):
        calls.append(("supervisor.stopProcessGroup", (name,)))
        calls.append(("supervisor.removeProcessGroup", (name,)))
    calls += [("supervisor.addProcessGroup", (name,)) for name in (*changed, *added)]
    return calls
