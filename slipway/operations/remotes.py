"""
Remotes: a supervised `slipway mount` for each remote that rclone lists.
"""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Generator, Sequence

from pyinfra import host
from pyinfra.api import QuoteString, StringCommand, operation

from slipway.degraded import degrade
from slipway.facts.files import FileStates
from slipway.facts.mounts import FuseObstacle
from slipway.facts.rclone import RcloneRemotes
from slipway.facts.supervisor import SupervisordState
from slipway.operations.files import Command, File, write
from slipway.operations.supervisor import apply

# What rclone accepts (fs/fspath: word characters, letters and digits of any script, `. + @ -` and
# single inner spaces); it takes a leading `-` for a flag.
_NAME = re.compile(r"[\w.+@](?:[\w.+@ -]*[\w.+@-])?")
_RESERVED = {".", "..", ".cache", ".rescued"}  # directories of the workspace's own

_PROGRAMS = "/etc/supervisor/conf.d"
_PROGRAM = """\
; Slipway's: mounts the rclone remote {name}.
[program:{program}]
command=/usr/local/bin/slipway mount -- {quoted}
autostart=true
autorestart=true
startsecs=3
startretries=1000000
stopwaitsecs=6
stopasgroup=false
priority=50
redirect_stderr=true
stdout_logfile=/var/log/supervisor/{program}.log
stdout_logfile_maxbytes=5MB
stdout_logfile_backups=1
"""


@operation()
def supervised() -> Generator[Command]:
    """
    Have one mount program for each remote, and none for remotes that are gone.

    Where FUSE is not allowed the remotes stay usable on the command line, and that is said. Where
    rclone can't read its configuration nothing is changed: the mounts that are there stay.
    """
    remotes = host.get_fact(RcloneRemotes)
    if remotes is None:
        degrade(
            "remotes",
            "rclone can't read its configuration; mend it (`rclone listremotes` names the line) "
            "and run `slipway converge`",
        )
        host.noop("the configuration is broken: mounts stay as they are")
        return
    programs = configuration(_mountable(remotes))
    supervisord = host.get_fact(SupervisordState)
    known = set(supervisord.programs) if supervisord else set()
    ours = {name for name in known if name.startswith("remote-")}
    gone = [f"{_PROGRAMS}/{name}.conf" for name in sorted(ours) if f"{name}.conf" not in programs]
    files = [File(f"{_PROGRAMS}/{name}", text.encode()) for name, text in programs.items()]
    states = host.get_fact(FileStates, paths=[*gone, *(file.path for file in files)])
    if stale := [path for path in gone if path in states]:
        yield StringCommand("rm", "-f", "--", *map(QuoteString, stale))
    yield from write(file for file in files if not file.matches(states.get(file.path)))
    yield from apply(running=[name.removesuffix(".conf") for name in programs])


def configuration(remotes: Sequence[str]) -> dict[str, str]:
    """
    Return supervisor's file for each remote, by the file's name.
    """
    return {
        f"{program(name)}.conf": _PROGRAM.format(
            name=name, program=program(name), quoted=shlex.quote(name)
        )
        for name in remotes
    }


def program(remote: str) -> str:
    """
    Return the name of a remote's program: itself where supervisor can say it, else with a hash.
    """
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", remote)
    if plain == remote:
        return f"remote-{remote}"
    return f"remote-{plain}-{hashlib.sha256(remote.encode()).hexdigest()[:8]}"


def refused(remote: str) -> str:
    """
    Return why a remote's name can't be a directory of the workspace; "" where it can.
    """
    if remote in _RESERVED:
        return "is a name the workspace keeps for itself"
    if not _NAME.fullmatch(remote):
        return "is no name that rclone accepts on a command line"
    return ""


def _mountable(remotes: Sequence[str]) -> list[str]:
    for remote in remotes:
        if why := refused(remote):
            degrade(f"remote {remote!r}", f"{why}; rename it and run `slipway converge`")
    names = [remote for remote in remotes if not refused(remote)]
    if names and (obstacle := host.get_fact(FuseObstacle)):
        degrade("remotes", f"not mounted, usable with the rclone command: {obstacle}")
        return []
    return names
