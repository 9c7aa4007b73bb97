"""
sshd: host keys of the container's own, and a daemon that runs while there is a key to log in with.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Generator, Sequence

from pyinfra import host
from pyinfra.api import QuoteString, StringCommand

from slipway.connectors.native import Inside, Result
from slipway.contract.paths import (
    MODULI,
    PYTHON,
    SSH,
    STATE,
)
from slipway.facts.files import FileStates, FileText
from slipway.facts.mounts import Mounts
from slipway.facts.ssh import (
    HostKeyIsInTheMaking,
    HostKeys,
    WeakModuli,
)
from slipway.facts.supervisor import SupervisordState
from slipway.operations import foresight, room
from slipway.operations.degraded import degrade
from slipway.operations.files import Command, File, replaced
from slipway.operations.independent import operation
from slipway.operations.mounted import why_fixed, writable
from slipway.operations.supervisor import checked
from slipway.ssh import host_key
from slipway.system import mountinfo
from slipway.system.atomic import temporary
from slipway.system.mountinfo import Mount

# In the package's sshd_config; what follows are options, which sshd's own sftp takes as well
_SFTP_PROGRAM = r"(?im)^([ \t]*Subsystem[ \t]+sftp[ \t]+)/usr/lib/openssh/sftp-server(?=\s|$)"


@operation()
def host_keys(*, types: list[str]) -> Generator[StringCommand]:
    """
    Have host keys of these types: made where they are missing, kept where they are there.

    slipway.ssh.host_key makes a pair beside its place and moves it there public part first. It
    gives a key its missing public part, and keeps one that it can't read as `.unusable`. Other
    types stay: sshd is not told of them.

    + types: as `ssh-keygen -t` knows them; none, for an image, which must not hold any
    """
    gone = {path for path, content in foresight.left().items() if content is None}
    present = {each for each in host.get_fact(HostKeys) if str(host_key.path(each)) not in gone}
    if not types:
        for kind in sorted(present):
            foresight.change(str(host_key.path(kind)), "an image has no host key")
            yield StringCommand("rm", "-f", *map(str, host_key.pair(host_key.path(kind))))
    if missing := [kind for kind in types if kind not in present]:
        for path in map(host_key.path, missing):
            foresight.change(str(path), "missing, or without its public part")
            foresight.leave(str(path), b"")
        command = StringCommand(*PYTHON, "slipway.ssh.host_key", *map(QuoteString, missing))
        yield Inside(command, lambda: _made(missing))
    if present >= set(types) and (types or not present):
        host.noop(f"host keys are there: {', '.join(types) or 'none'}")


@operation()
def no_foreign_host_keys(*, record: str) -> Generator[Command]:
    """
    Have no host keys of another container: `docker commit` copies them with all that was written.

    Two containers with one key could each pass for the other. The first start notes which container
    the keys are of; where the note is another container's they are removed, and made anew. Keys on
    a volume belong to whoever mounts it. What a read-only root keeps is not noted, and so not used
    (ssh_place).

    + record: where it is noted
    """
    mounts = host.get_fact(Mounts)
    record = writable(mounts, record)
    noted = host.get_fact(FileText, path=record).strip()
    digest = owner(mounts)
    if not digest or noted == digest:
        host.noop("the host keys are this container's")
        return
    is_fixed = bool(why_fixed(mounts, str(SSH)))
    there = _key_files() if noted or is_fixed else []
    ours = [part for part in there if not mountinfo.is_volume(mounts, part)]
    if is_fixed and any(part.startswith(f"{SSH}/") for part in ours):
        host.noop("the image's host keys can't be removed, and are not this container's")
        return
    foresight.change(record, "names another container" if noted else "missing")
    if ours:
        for part in ours:
            foresight.change(part, "another container's")
            foresight.leave(part, None)
        yield StringCommand("rm", "-f", "--", *map(QuoteString, ours))
    yield from replaced([File(record, f"{digest}\n".encode(), mode="600")])


def owner(mounts: list[Mount]) -> str:
    """
    Return what is noted of this container; "" where nothing tells it from others.
    """
    here = mountinfo.container(mounts)
    return hashlib.sha256(here.encode(errors="surrogateescape")).hexdigest() if here else ""


def _key_files() -> list[str]:
    """
    Return the files of the host keys that are there, in /etc/ssh and where sshd is served else.
    """
    present: set[str] = host.get_fact(HostKeys)
    parts = [part for kind in sorted(present) for part in host_key.pair(host_key.path(kind))]
    names = [host_key.path(kind).name for kind in host_key.KINDS]
    spare = [part for name in names for part in host_key.pair(STATE / "ssh" / name)]
    states = host.get_fact(FileStates, paths=[str(part) for part in spare])
    return [*map(str, parts), *states]


@operation()
def strong_moduli(*, bits: int) -> Generator[StringCommand]:
    """
    Have no groups for the Diffie-Hellman group exchange that are weaker than this (moduli(5)).

    + bits: of the smallest modulus that stays
    """
    if not host.get_fact(WeakModuli, bits=bits):
        host.noop(f"no modulus has less than {bits} bits")
        return
    if why := why_fixed(host.get_fact(Mounts), str(MODULI)):
        degrade(str(MODULI), f"{why}: groups of less than {bits} bits stay in it")
        return
    foresight.change(str(MODULI), f"has moduli of less than {bits} bits")
    moduli, draft = str(MODULI), temporary(str(MODULI))
    # fmt: off
    yield StringCommand(
        *room.cleared(draft),
        "&&", "awk", QuoteString(f"/^#/ || $5 >= {bits - 1}"), moduli, ">", draft,
        "&&", "chmod", "644", draft, "&&", "sync", draft, "&&", "mv", "-T", draft, moduli,
    )
    # fmt: on


@operation()
def internal_sftp(*, configuration: str) -> Generator[Command]:
    """
    Have sshd serve sftp by itself, where the package's line has it start a program.

    The user's shell starts that program, so a ~/.bashrc that prints or exits would break sftp and
    scp. A second Subsystem line in a drop-in would keep an sshd before 10.0 from starting, hence
    this one line of the main file. Options stay; another program is its author's, and stays, too.

    + configuration: sshd's main file
    """
    text = host.get_fact(FileText, path=configuration)
    mended = re.sub(_SFTP_PROGRAM, r"\1internal-sftp", text)
    if mended == text:
        host.noop(f"{configuration} names no program of the package's for sftp")
        return
    mounts = host.get_fact(Mounts)
    around = mountinfo.holding(mounts, configuration)
    if around and (around.point == configuration or "ro" in around.options):
        rule = f"{configuration} is mounted and has sftp start in the user's shell"
        degrade("sftp", f"{rule}: what a ~/.bashrc prints breaks it (Subsystem sftp internal-sftp)")
        host.noop(f"{configuration} is not ours to change")
        return
    foresight.change(configuration, "sftp starts in the user's shell")
    yield from replaced([File(configuration, mended.encode(errors="surrogateescape"))])


@operation()
def slow_host_key(*, kind: str) -> Generator[StringCommand]:
    """
    Have a host key that takes long to make: begun here, finished in the background.

    That it is being made is as good as its being there, so that a convergence in the meantime has
    nothing to change. Killed midway, it is begun again by the next.

    + kind: its type; supervisord has slipway.ssh.host_key make it, as nothing else needs it
    """
    if kind in host.get_fact(HostKeys):
        host.noop(f"the {kind} host key is there")
    elif host.get_fact(HostKeyIsInTheMaking):
        host.noop(f"the {kind} host key is being made")
    elif (supervisord := host.get_fact(SupervisordState)) is None or supervisord.silent:
        host.noop("no supervisord runs here" if supervisord is None else "supervisord is silent")
    else:
        foresight.act(f"the {kind} host key", "be made in the background")
        yield checked([("supervisor.makeHostKey", ())])


def _made(kinds: Sequence[str]) -> Result:
    """
    Do what the command of `host_keys` does.
    """
    complaint = host_key.complaint(kinds)
    lines = f"{complaint}\n".encode(errors="surrogateescape") if complaint else b""
    return Result(b"", lines, code=1 if complaint else 0)
