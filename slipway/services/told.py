"""
What supervisord tells whoever asks: its programs, the files that it left out, what else is amiss.

One that does not answer may well run: it is frozen, or somebody else has its socket. A socket that
is not there, or that nobody listens at, means that none runs only where no process of supervisord's
has it open: somebody may have removed it, or put something in its place.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from slipway.contract import paths
from slipway.system import files, processes, supervisor_rpc
from slipway.system.unix_listener import holder, is_held

CALLS: list[supervisor_rpc.Call] = [
    ("supervisor.getAllProcessInfo", ()),
    ("supervisor.getProblems", ()),
]
LEFT_OUT = "left out: "  # how a convergence's complaint of files begins
SILENCE = (
    "supervisord does not answer: nothing of its programs is known; `slipway status` says why, and "
    "what helps"
)
_TOLD = {"name", "group", "statename", "pid"}
PID = Path("/run/supervisord.pid")


class Told(NamedTuple):
    """
    Its answer.
    """

    programs: list[dict[str, Any]]
    left_out: list[dict[str, Any]]  # file, line (0 for none), reason
    notes: list[str]


def ask(*, timeout: float) -> Told:
    """
    Ask for all of it. Raises OSError.

    + timeout: in seconds
    """
    programs, problems = supervisor_rpc.call(paths.SUPERVISOR_SOCKET, CALLS, timeout=timeout)
    if isinstance(programs, supervisor_rpc.Fault):
        raise OSError(f"supervisord refuses: {programs.faultString}")
    if not are_programs(programs):
        raise OSError("an answer that is not supervisord's")
    return Told(programs, *parts(problems))


def are_programs(answer: Any) -> bool:
    """
    Tell whether an answer is what `getAllProcessInfo` gives: somebody else may have the socket.
    """
    return isinstance(answer, list) and all(
        isinstance(each, dict) and each.keys() >= _TOLD for each in answer
    )


def parts(problems: Any) -> tuple[list[dict[str, Any]], list[str]]:
    """
    Return both parts of what `getProblems` answers; a supervisord that does not know it has none.
    """
    if not isinstance(problems, dict):
        return [], []
    return problems["left_out"], problems["notes"]


def sentence(problem: dict[str, Any]) -> str:
    """
    Return why a file is left out, as one line.
    """
    line = f" line {problem['line']}" if problem["line"] else ""
    return f"{problem['file']}{line}: {problem['reason']}"


def is_gone(error: OSError) -> bool:
    """
    Tell whether an error means that no supervisord runs.
    """
    return is_closed(error) and not is_held(paths.SUPERVISOR_SOCKET)


def is_closed(error: OSError) -> bool:
    """
    Tell whether an error means that nobody listens at its socket.
    """
    return isinstance(error, (FileNotFoundError, ConnectionRefusedError))


def silence(error: OSError) -> str:
    """
    Say that the supervisord of this container does not answer, and what helps.
    """
    words = f"supervisord does not answer: {error.strerror or error}"
    if is_gone(error):
        why = files.shown(paths.UNSUPERVISED)
        return f"supervisord can't run here: {why}" if why else words
    if pid := _stopped():
        return f"{words}; process {pid} is stopped: `kill -CONT {pid}`"
    if is_closed(error):
        return f"{words}; {paths.SUPERVISOR_SOCKET} was taken away: it is made anew within seconds"
    return f"{words}; if it stays so, restart the container"


def _stopped() -> int:
    """
    Return the number of a supervisord that a signal has stopped, 0 for none.
    """
    try:
        pid = holder(paths.SUPERVISOR_SOCKET) or int(files.read(PID))
        state = processes.fields(Path(f"/proc/{pid}/stat").read_bytes())[0]
    except (OSError, ValueError):
        return 0
    return pid if state in b"Tt" else 0


def unsupervised(number: int) -> str:
    """
    Say that a program that is done has left processes running.
    """
    return f"it left {number} running, which nobody supervises: it must stay in the foreground"
