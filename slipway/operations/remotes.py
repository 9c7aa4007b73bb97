"""
Remotes: a supervised `slipway mount` for each remote that rclone lists.
"""

from __future__ import annotations

import hashlib
import re
import shlex
from collections.abc import Generator, Mapping, Sequence

from pyinfra import host
from pyinfra.api import QuoteString, StringCommand

from slipway.contract.paths import LOGS, SLIPWAY, SUPERVISOR_PROGRAMS
from slipway.facts.files import FileStates
from slipway.facts.mounts import FuseObstacle, Mounts
from slipway.facts.rclone import (
    BesideConfiguration,
    RcloneConfiguration,
    RcloneRemotes,
    RemotePrograms,
)
from slipway.operations import differences, foresight
from slipway.operations.degraded import degrade
from slipway.operations.files import Command, File, replace
from slipway.operations.independent import operation
from slipway.operations.supervisor import apply
from slipway.remotes.configuration_file import WAY_OUT, is_mounted
from slipway.remotes.states import PROGRAM_MARK
from slipway.services.own_programs import REMOTE

# What rclone accepts (fs/fspath: word characters, letters and digits of any script, `. + @ -` and
# single inner spaces); it takes a leading `-` for a flag.
_NAME = r"[\w.+@](?:[\w.+@ -]*[\w.+@-])?"
_RESERVED = {".", "..", ".cache", ".rescued"}  # directories of the workspace's own

_MODE = (
    "its mode can't be changed in here: give it one where it comes from (a file of the host: "
    "`chmod 600`; a swarm's secret: `mode: 0400`; a volume of Kubernetes: `defaultMode: 0400`)"
)
_UNMOUNT_SECONDS = 2  # on top of the drain: rclone unmounts in 10 ms where nobody is inside
_LONGEST = 100  # of a program's name, which is a file's name, too


@operation()
def private(*, path: str) -> Generator[StringCommand]:
    """
    Keep rclone's configuration to root: passwords in it are only obscured.

    + path: the file; what is no regular file, or not ours to change, stays as it is
    """
    there = host.get_fact(RcloneConfiguration, path=path)
    if there is None or not there.mode or not int(there.mode, 8) & 0o077:
        host.noop("nobody else can read it")
        return
    if not there.is_changeable:
        if there.digests:
            degrade("rclone.conf", f"others can read it, and {_MODE}")
        host.noop("its mode can't be changed from here")
        return
    foresight.change(path, f"mode {there.mode}, should be 600")
    yield StringCommand("chmod", "600", "--", QuoteString(path))


@operation()
def replaceable(*, path: str) -> Generator[StringCommand]:
    """
    Say that `rclone config` can't replace a file that is mounted, and take away what it left.

    One that is mounted read-only was not meant to be changed.

    + path: the file
    """
    mounts = host.get_fact(Mounts)
    there = host.get_fact(RcloneConfiguration, path=path)
    if there is None or (there.mode and not is_mounted(mounts, path)):
        host.noop("it is no mount")
        return
    beside = host.get_fact(BesideConfiguration, path=path)
    mount = next((each for each in mounts if beside and each.point == beside.path), None)
    if beside is None or mount is None or "ro" in mount.options:
        host.noop("it is no mount that could be written to")
        return
    degrade("rclone.conf", f"is mounted as a single file: `rclone config` can't save; {WAY_OUT}")
    if not beside.leftovers:
        host.noop("rclone has left nothing beside it")
        return
    for file in beside.leftovers:
        foresight.change(file, "an empty file that rclone left")
    files = map(QuoteString, beside.leftovers)
    yield StringCommand("find", *files, "-maxdepth", "0", "-type", "f", "-empty", "-delete")


def _unreadable(configured: str) -> str:
    """
    Say that rclone can't read its configuration, and what helps.
    """
    there = host.get_fact(RcloneConfiguration, path=configured)
    if there and there.is_encrypted:
        return (
            f"rclone can't read its configuration: {configured} is encrypted; set "
            "RCLONE_CONFIG_PASS or RCLONE_PASSWORD_COMMAND to what opens it"
        )
    return (
        f"rclone can't read its configuration; mend {configured} (`rclone listremotes` names "
        "the line; a FIFO, a device or a directory is no file) and run `slipway converge`"
    )


@operation()
def supervised(
    *, workspace: str, configured: str, drain_seconds: int, sync: Sequence[str] = ()
) -> Generator[Command]:
    """
    Have one mount program for each remote, and none for remotes that are gone.

    Where FUSE is not allowed the remotes stay usable on the command line, and that is said. Where
    rclone can't read its configuration nothing is changed: the mounts that are there stay.

    A remote whose options changed in the file is mounted anew, the others go on.

    + workspace: canonical path; a remote is mounted at `remote/NAME` below it
    + configured: the configuration file
    + drain_seconds: how long a stop waits for uploads
    + sync: NAME or NAME:path of remotes that are copied, not mounted
    """
    remotes = host.get_fact(RcloneRemotes)
    if remotes is None:
        degrade("remotes", _unreadable(configured))
        host.noop("the configuration is broken: mounts stay as they are")
        return
    copied = _copied(sync)
    commands = _commands(remotes, copied)
    file = host.get_fact(RcloneConfiguration, path=configured) if commands else None
    digests = file.digests if file else {}
    files = [
        File(
            f"{SUPERVISOR_PROGRAMS}/{program(name)}.conf",
            configuration(
                name, command, drain_seconds, _digest(digests.get(name, ""), copied.get(name, ""))
            ).encode(),
            mode="600",
        )
        for name, command in commands.items()
    ]
    wanted = {program(name) for name in commands}
    gone = {
        name: remote for name, remote in host.get_fact(RemotePrograms).items() if name not in wanted
    }
    if gone:
        paths = [f"{SUPERVISOR_PROGRAMS}/{name}.conf" for name in sorted(gone)]
        for path in paths:
            foresight.change(path, "of a remote that is gone")
            foresight.leave(path, None)
        yield StringCommand("rm", "-f", "--", *map(QuoteString, paths))
    states = host.get_fact(FileStates, paths=[file.path for file in files]) if files else {}
    different = [file for file in files if not file.matches(states.get(file.path))]
    for each in different:
        differences.of_file(each.path, each.content, each.expected, states.get(each.path))
    yield from replace(different, states)
    yield from apply(running=sorted(wanted))
    if gone:  # only now have their programs ended; a directory with files in it is the user's
        points = [f"{workspace}/remote/{remote}" for remote in sorted(gone.values())]
        yield StringCommand(
            "rmdir", "--ignore-fail-on-non-empty", "--", *map(QuoteString, points), "||", "true"
        )


def configuration(remote: str, command: Sequence[str], drain_seconds: int, digest: str) -> str:
    """
    Return supervisor's file for a remote; a % is doubled, as it would begin an expansion.

    + digest: of what it depends on; a comment would not make supervisord start it anew
    """
    return REMOTE.format(
        mark=PROGRAM_MARK,
        slipway=SLIPWAY,
        logs=LOGS,
        name=remote,
        program=program(remote),
        words=shlex.join(command).replace("%", "%%"),
        stopwaitsecs=drain_seconds + _UNMOUNT_SECONDS,
        digest=digest,
    )


def program(remote: str) -> str:
    """
    Return the name of a remote's program: itself where supervisor can say it, else with a hash.
    """
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", remote)
    if plain == remote and len(plain) <= _LONGEST:
        return f"remote-{remote}"
    return f"remote-{plain[:_LONGEST]}-{hashlib.sha256(remote.encode()).hexdigest()[:8]}"


def refused(remote: str) -> str:
    """
    Return why a remote's name can't be a directory of the workspace; "" where it can.
    """
    if remote in _RESERVED:
        return "is a name the workspace keeps for itself"
    if not re.fullmatch(_NAME, remote):
        return "is no name that rclone accepts on a command line"
    return ""


def _copied(sync: Sequence[str]) -> dict[str, str]:
    """
    Return the path that is copied of each remote: one, as they have one directory.
    """
    copied: dict[str, str] = {}
    for word in sync:
        name, _, path = word.partition(":")
        if copied.setdefault(name, path) != path:
            degrade(
                f"remote {word!r}",
                f"SLIPWAY_REMOTE_SYNC has {name} twice, and only the first is copied; make a "
                "remote for the other one (type alias)",
            )
    return copied


def _digest(options: str, path: str) -> str:
    """
    Return what changes when a remote's program has to start anew: its options, or its path.
    """
    return hashlib.sha256(f"{options}:{path}".encode()).hexdigest()[:12] if path else options


def _commands(remotes: Sequence[str], copied: Mapping[str, str]) -> dict[str, list[str]]:
    """
    Return the subcommand of each remote that has a program.

    A copied one's path is no part of it: supervisor ends a value at ` #` and ` ;`, quoted or not.
    """
    for remote in remotes:
        if why := refused(remote):
            degrade(f"remote {remote!r}", f"{why}; rename it and run `slipway converge`")
    names = [remote for remote in remotes if not refused(remote)]
    for name in copied.keys() - set(names):
        degrade(f"remote {name!r}", "SLIPWAY_REMOTE_SYNC names it, and rclone does not know it")
    mounted = [name for name in names if name not in copied]
    if mounted and (obstacle := host.get_fact(FuseObstacle)):
        degrade("remotes", f"not mounted, usable with the rclone command: {obstacle}")
        mounted = []
    commands = {name: ["mount", "--", name] for name in mounted}
    return commands | {name: ["sync", "--", name] for name in names if name in copied}
