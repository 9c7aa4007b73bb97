"""
supervisord: its programs, and what its configuration files would change.
"""

from __future__ import annotations

import shlex
import time
from typing import Any, NamedTuple

from pyinfra.api import FactBase, QuoteString, StringCommand
from pyinfra.context import ctx_host

from slipway.connectors.native import Inside, Result
from slipway.contract.paths import SUPERVISOR_SOCKET, UNSUPERVISED
from slipway.services import told
from slipway.system import supervisor_rpc, unix_http
from slipway.system.unix_listener import LISTENS

UP = {"STARTING", "RUNNING", "BACKOFF"}  # supervisord is at it: a start would be refused
_START = 10.0  # seconds until a supervisord that was started must answer: a hundred times its usual
_PATIENCE = 60  # seconds: a remote that is taken away uploads first what waits
_ANSWER = 10.0  # seconds in which a question is answered: a thousand times what it takes
_AGAIN = 1.0  # seconds likewise, where one was not
_UNREACHABLE = 7  # curl's exit code where nobody listens
_TIMED_OUT = 28  # and where there is no answer in time
_HUNG_UP = 52  # or none at all
_END = "</methodResponse>"  # of an answer that is whole
_PAUSE = 0.5  # seconds until one that has hung up, as it ends perhaps, is asked again
_SILENT = "!silent"  # what the fact's command prints then
# Where nobody can connect, though somebody listens there: see slipway.system.unix_listener
_LISTENER = (
    'while read -r _ _ _ flags _ _ inode name; do case "$flags $name" in '
    f'"{LISTENS} $place") echo "{_SILENT}" ;; '
    f'"{LISTENS} $place".[0-9]*) ls -l "/proc/${{name##*.}}/fd" '
    f'| grep -qF "socket:[$inode]" && echo "{_SILENT}" ;; '
    "esac; done < /proc/net/unix 2>/dev/null"
)


class Program(NamedTuple):
    """
    One supervised process.
    """

    state: str
    pid: int
    autostart: bool = True  # supervisord starts it itself when it comes to know it


class Supervisord(NamedTuple):
    """
    A running supervisord.
    """

    programs: dict[str, Program]  # by name, or GROUP:NAME where its group is called otherwise
    added: list[str]  # groups, as the next two
    changed: list[str]
    removed: list[str]
    broken: str  # why its configuration can't be read again; "" where it can
    down: tuple[str, ...] = ()  # programs that start with the container and are down
    silent: bool = False  # it does not answer: nothing else is known
    left_out: tuple[str, ...] = ()  # files that can't be used, and why
    closed: bool = False  # declared programs wait for the convergence of this start


def rpc(calls: list[supervisor_rpc.Call], *, patience: float = _PATIENCE) -> StringCommand:
    """
    Return the command that makes calls through the socket; a fault in any fails it.
    """
    # fmt: off
    return StringCommand(
        "curl", "--silent", "--show-error", "--max-time", str(patience),
        "--unix-socket", QuoteString(str(SUPERVISOR_SOCKET)),
        "--header", "'Content-Type: text/xml'",
        "--data-binary", QuoteString(supervisor_rpc.request(calls)), "http://localhost/RPC2",
    )
    # fmt: on


def asked(calls: list[supervisor_rpc.Call], *, patience: float = _PATIENCE) -> Result:
    """
    Do what the command of `rpc` does.
    """
    body = supervisor_rpc.request(calls).encode()
    deadline = time.monotonic() + (_START if _is_coming() else 0.0)
    until = time.monotonic() + min(patience, _ANSWER)
    while True:
        try:
            _, answer = unix_http.post(
                SUPERVISOR_SOCKET, "/RPC2", body, kind="text/xml", timeout=patience
            )
        except OSError as error:  # noqa: PERF203 - a few dozen rounds at most
            now = time.monotonic()
            is_early = told.is_closed(error)  # no socket yet, or one of before a restart
            is_taken = is_early and now > deadline and not told.is_gone(error)  # it is made anew
            if not is_early or now > (until if is_taken else deadline) or UNSUPERVISED.exists():
                if is_early and _is_coming():  # who asks next need not wait as long
                    from slipway.ssh import last_resort  # noqa: PLC0415 - most starts go well

                    last_resort.note(f"it has not come within {_START:.0f} s")
                complaint = f"{SUPERVISOR_SOCKET}: {error}\n"
                return Result(b"", complaint.encode(), code=_code(error))
            time.sleep(0.05 if is_taken else 0.005)  # it appears, and nothing tells when
        else:
            return Result(answer)


def _code(error: OSError) -> int:
    """
    Return what curl would exit with; one whose socket was taken away was waited for in vain.
    """
    if told.is_gone(error):
        return _UNREACHABLE
    is_late = isinstance(error, (TimeoutError, BlockingIOError)) or told.is_closed(error)
    return _TIMED_OUT if is_late else _HUNG_UP


def _answered(calls: list[supervisor_rpc.Call], patience: float) -> Result:
    """
    Do what the fact's command does: one that hangs up is asked again, and may be gone by then.
    """
    for again in (True, True, False):
        answer = asked(calls, patience=patience)
        if answer.code == _UNREACHABLE:
            return Result(b"")
        if _END.encode() in answer.stdout:
            return Result(answer.stdout)
        if answer.code == _TIMED_OUT:
            break
        if again:
            time.sleep(_PAUSE)  # nothing tells when it has ended
    return Result(_SILENT.encode())


def _is_coming() -> bool:
    """
    Tell whether supervisord starts beside this convergence, which may be the faster of the two.
    """
    is_begun = bool(ctx_host.isset() and ctx_host.get().data.get("beside_supervisord"))
    return is_begun and not UNSUPERVISED.exists()


class SupervisordState(FactBase["Supervisord | None"]):
    """
    Returns supervisord's programs and pending changes; None where none runs (an image build).

    `reloadConfig` reads the files and reports; it applies nothing.
    """

    def command(self, *, changes: bool = True) -> StringCommand:
        """Ask all of it in one request; without changes supervisord reads no file for it."""
        calls: list[supervisor_rpc.Call] = [("supervisor.getAllProcessInfo", ())]
        if changes:
            calls += [("supervisor.reloadConfig", ()), ("supervisor.getProblems", ())]
        patience = _AGAIN if _was_silent() else _ANSWER
        place = shlex.quote(str(SUPERVISOR_SOCKET))
        # fmt: off
        command = StringCommand(
            f"place={place};", "for try in 1 2 3; do answer=$(", rpc(calls, patience=patience),
            "2>/dev/null ); case $?$answer in",
            f"0*'{_END}'*) printf '%s\\n' \"$answer\"; break ;;",
            # also where too many wait for an answer already, or somebody has removed the socket
            f"{_UNREACHABLE}) {_LISTENER}; break ;;",
            f"{_TIMED_OUT}*) echo '{_SILENT}'; break ;;",
            f"*) [ $try -lt 3 ] && sleep {_PAUSE} || echo '{_SILENT}' ;; esac; done",
        )
        # fmt: on
        return Inside(command, lambda: _answered(calls, patience))

    def process(self, output: list[str]) -> Supervisord | None:
        """Unmarshal the answer; one that is ending answers nothing, and has nothing to be told."""
        if _SILENT in output:
            return _silent()
        try:
            processes, *rest = supervisor_rpc.results("\n".join(output))
        except supervisor_rpc.UNREADABLE:
            return _silent()
        if isinstance(processes, supervisor_rpc.Fault):
            if processes.faultCode != supervisor_rpc.SHUTDOWN_STATE:
                raise processes
            return None
        try:
            return _read(processes, rest)
        except (ValueError, TypeError, KeyError, AttributeError):
            return _silent()  # an answer of another's


def _read(processes: Any, rest: list[Any]) -> Supervisord:
    """
    Return what the results tell. Raises ValueError and its like for what supervisord does not say.
    """
    if not told.are_programs(processes):
        raise ValueError("no programs")
    pending, *rest = rest or [[[[], [], []]]]
    broken = pending.faultString if isinstance(pending, supervisor_rpc.Fault) else ""
    ((added, changed, removed),) = [[[], [], []]] if broken else pending
    programs = {
        _name(process): Program(
            process["statename"], process["pid"], process.get("autostart", True)
        )
        for process in processes
    }
    down = tuple(_name(process) for process in processes if _is_down(process))
    problems, _ = told.parts(rest[0] if rest else None)
    left_out = tuple(map(told.sentence, problems))
    closed = isinstance(rest[0], dict) and bool(rest[0].get("closed")) if rest else False
    return Supervisord(
        programs, added, changed, removed, broken, down, left_out=left_out, closed=closed
    )


def _was_silent() -> bool:
    """
    Tell whether this run has waited for supervisord in vain before.
    """
    return bool(ctx_host.isset() and ctx_host.get().connector_data.get(_SILENT))


def _silent() -> Supervisord:
    if ctx_host.isset():
        ctx_host.get().connector_data[_SILENT] = True
    return Supervisord({}, [], [], [], broken="", silent=True)


def _name(process: dict[str, Any]) -> str:
    """
    Return what supervisorctl calls it.
    """
    group, name = process["group"], process["name"]
    return str(name) if group == name else f"{group}:{name}"


def _is_down(process: dict[str, Any]) -> bool:
    """
    Tell whether a program has been stopped by hand, or given up, that would start with supervisord.
    """
    state, began = process["statename"], process.get("start", 0)
    return bool(process.get("autostart") and began and state in ("STOPPED", "FATAL"))
