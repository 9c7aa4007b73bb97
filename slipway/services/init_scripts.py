"""
`service ssh restart` and its like, as people have them from their distribution.

Debian's scripts would start a second sshd or cron beside supervisord's, or end supervisord itself
and with it the container. `python -m slipway.services.init_scripts NAME VERB` does what is meant.
"""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from slipway.contract import paths
from slipway.services.cron import present
from slipway.ssh import copies, usable
from slipway.system import supervisor_rpc
from slipway.system.supervisor_rpc import Call, Fault

NOT_OURS = 99  # the script goes on
_STOPPED = 3  # of `service NAME status`
_PROGRAMS = {"ssh": "sshd", "cron": "cron"}
_UP = {"STARTING", "RUNNING", "BACKOFF"}
_ANEW = ("restart", "force-reload", "reload", "try-restart")
_ANSWER = 10.0  # seconds


def main(service: str, verb: str) -> int:
    """
    Do it; returns the exit code of the script, or NOT_OURS.
    """
    try:
        if service not in _PROGRAMS:
            supervisor_rpc.ask(paths.SUPERVISOR_SOCKET, "supervisor.getState", timeout=_ANSWER)
            return _supervisord(verb)
        program = _PROGRAMS[service]
        found = _call("supervisor.getProcessInfo", program)
    except OSError:
        return NOT_OURS
    if isinstance(found, Fault):  # it does not know the program
        return NOT_OURS
    state = found["statename"]
    if state not in _UP and program == "sshd" and _runs_elsewhere():
        return NOT_OURS
    return _program(program, verb, state=state)


def _program(program: str, verb: str, *, state: str) -> int:
    is_up = state in _UP
    if verb == "status" or (verb == "start" and is_up):
        _say(f"{program} is {state}: supervisord runs it")
        return 0 if is_up else _STOPPED
    if verb == "stop":
        return _control("stop", program) if is_up else 0
    if verb in ("start", *_ANEW):
        return _anew(program, state=state)
    return NOT_OURS


def _anew(program: str, *, state: str) -> int:
    """
    Have a program run with its present files.
    """
    if program == "sshd" and state == "RUNNING":
        return _read_again()
    if program == "cron" and not present.wanted():
        _say("cron runs as soon as there is a crontab")
        return 0
    return _control("restart" if state in _UP else "start", program)


def _read_again() -> int:
    """
    Have sshd read all of its files again: it keeps its sessions, as after a restart.
    """
    try:
        usable.reload()
    except (OSError, copies.Unusable) as error:
        _say(f"sshd can't read its files: {error}")
        return 1
    left_out = usable.left_out()
    for each in left_out:
        _say(f"left out: {each}")
    _say("sshd has read its files again")
    return int(bool(left_out))


def _supervisord(verb: str) -> int:
    if verb == "status":
        return _control("status")
    if verb in _ANEW:
        return _control("update")
    if verb == "stop":
        _say("supervisord is this container's: it ends with the container (`docker stop`)")
        return 1
    _say("supervisord runs")
    return 0


def _control(*words: str) -> int:
    command = [str(paths.COMMANDS / "supervisorctl"), *words]
    return subprocess.run(command, check=False).returncode


def _call(method: str, *words: str) -> Any:
    calls: list[Call] = [(method, words)]
    (answer,) = supervisor_rpc.call(paths.SUPERVISOR_SOCKET, calls, timeout=_ANSWER)
    return answer


def _runs_elsewhere() -> bool:
    """
    Tell whether an sshd runs that is not supervisord's.
    """
    done = subprocess.run(["pgrep", "-x", "sshd"], check=False, stdout=subprocess.DEVNULL)
    return done.returncode == 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
