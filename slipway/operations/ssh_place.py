"""
Where sshd has its configuration and host keys: /etc/ssh, or a place of our own beside it.

A mounted /etc/ssh may hold nothing that sshd can use, and be closed to us: keys that others can
read on a read-only mount, a directory without sshd_config. Then sshd gets a place of ours with
copies of the keys that are there, so that the host stays the same to those who know it.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Sequence
from hashlib import sha256

from pyinfra import host
from pyinfra.api import QuoteString, StringCommand

from slipway.contract import paths
from slipway.facts.authorized_keys import KeyFiles
from slipway.facts.files import FileState, FileStates, FileText
from slipway.facts.mounts import Mounts
from slipway.operations import foresight, room
from slipway.operations.degraded import degrade
from slipway.operations.files import Command, File, replaced
from slipway.operations.independent import operation
from slipway.operations.mounted import is_read_only, why_fixed, writable
from slipway.operations.ssh import owner
from slipway.operations.supervisor import tried
from slipway.ssh import host_key
from slipway.system import mountinfo
from slipway.system.atomic import temporary

_NOTHING = sha256(b"").hexdigest()
# sshd_config(5) as Debian has it, for a mounted /etc/ssh that has none
MAIN = f"""\
# Slipway's, as there was none in this directory. It stays as you change it.
Include {paths.SSHD_DROP_INS}/*.conf
UsePAM yes
PrintMotd no
AcceptEnv LANG LC_*
Subsystem sftp internal-sftp
""".encode()
_OWN = """\
# Slipway's: {directory} can't be used as it is, or changed. What it says holds after this.
{own}
Include {main}
{rest}"""


@operation()
def main_configuration() -> Generator[Command]:
    """
    Have a main configuration file where there is none: without it no drop-in is read.
    """
    path = str(paths.SSHD_CONFIG)
    state = host.get_fact(FileStates, paths=[path]).get(path)
    if state and state.type == "regular file" and not _is_empty(state):
        host.noop(f"{path} is there")
        return
    foresight.change(path, "missing or empty")
    yield from replaced([File(path, MAIN)])


@operation()
def private_host_keys() -> Generator[StringCommand]:
    """
    Keep the host keys to root: sshd uses none of root's that others can read.

    A key on a volume may be another user's; sshd takes it, and it stays his.
    """
    mounts = host.get_fact(Mounts)
    steps: list[StringCommand] = []
    for path, state in _keys().items():
        if why_fixed(mounts, path):
            continue
        word = QuoteString(path)
        before = len(steps)
        if state.user != "root" and not mountinfo.is_volume(mounts, path):
            steps.append(StringCommand("chown", "0:0", "--", word))
        if int(state.mode, 8) & 0o077:
            # a mount may know no modes: then the next look finds it open
            steps.append(StringCommand("chmod", "600", "--", word, "||", "true"))
        if len(steps) > before:
            foresight.change(
                path, f"{state.user}'s with mode {state.mode}, should be root's with 600"
            )
    if not steps:
        host.noop("the host keys are root's alone")
    yield from steps


def obstacle(*, drop_ins: Sequence[File]) -> str:
    """
    Return what keeps sshd from being served from /etc/ssh, "" for nothing.

    + drop_ins: what must be in force
    """
    mounts, main = host.get_fact(Mounts), str(paths.SSHD_CONFIG)
    closed = is_read_only(mounts, str(paths.SSH))
    usable = False
    open_keys = []
    for path, state in _keys().items():
        is_open = state.user == "root" and bool(int(state.mode, 8) & 0o077)
        if is_open and (why_fixed(mounts, path) or host.state.is_executing):
            open_keys.append(path)
        elif path == str(host_key.path("ed25519")):
            usable = True
    if open_keys and not usable:
        return f"others can read {open_keys[0]}, and its mode can't be changed"
    if not closed:
        is_tried = host.state.is_executing or host.get_fact(FileText, path=str(paths.SSHD_OPTIONS))
        return "" if usable or not is_tried else "no ed25519 host key can be made in it"
    if usable and _are_the_images():
        return "it is read-only and its host keys are the image's, so that others have them, too"
    states = host.get_fact(FileStates, paths=[main, *(file.path for file in drop_ins)])
    if not usable:
        return "it is read-only and holds no ed25519 host key"
    if states.get(main) is None or states[main].type != "regular file" or _is_empty(states[main]):
        return "it is read-only and holds no sshd_config"
    lacking = [file.path for file in drop_ins if not file.matches(states.get(file.path))]
    return f"it is read-only and {lacking[0]} is not Slipway's" if lacking else ""


@operation()
def elsewhere(*, why: str, drop_ins: Sequence[File]) -> Generator[Command]:
    """
    Have sshd served from a place of our own while there is a reason, and from /etc/ssh otherwise.

    + why: the reason; "" for none
    + drop_ins: what is in force before all that /etc/ssh says
    """
    options = str(paths.SSHD_OPTIONS)
    told = host.get_fact(FileText, path=options)
    if not why:
        if told:
            foresight.change(options, "not wanted: sshd can be served from its usual place")
            yield tried([("supervisor.stopProcess", ("sshd",))])
            yield StringCommand("rm", "-f", "--", options)
        else:
            host.noop(f"sshd is served from {paths.SSH}")
        return
    place = writable(host.get_fact(Mounts), str(paths.STATE / "ssh"))
    degrade(str(paths.SSH), f"{why}; sshd has its configuration and host keys in {place}")
    keys, is_new = _copies(place)
    content = _configuration(place, keys, drop_ins, is_new=is_new, rest=_rest())
    line = File(options, f"-f {place}/sshd_config\n".encode())
    files = [*keys, File(f"{place}/sshd_config", content, mode="600"), line]
    states = host.get_fact(FileStates, paths=[file.path for file in files])
    different = [file for file in files if not file.matches(states.get(file.path))]
    if not different and not is_new:
        host.noop(f"sshd is served from {place}")
        return
    foresight.change(place, f"not what sshd needs there: {why}")
    yield room.closed(place)
    if is_new:
        yield _made(f"{place}/ssh_host_ed25519_key")
    if line in different:
        yield tried([("supervisor.stopProcess", ("sshd",))])
    yield from replaced(different)


def _keys() -> dict[str, FileState]:
    wanted = [str(host_key.path(kind)) for kind in host_key.KINDS]
    states = host.get_fact(FileStates, paths=wanted)
    return {
        path: states[path]
        for path in wanted
        if path in states and states[path].type == "regular file" and not _is_empty(states[path])
    }


def _is_empty(state: FileState) -> bool:
    return state.sha256 == _NOTHING


def _are_the_images() -> bool:
    """
    Tell whether the host keys came with the image and can't be removed: others have them, too.

    `docker commit` copies them, say. A key that this container has made is noted as its own.
    """
    mounts, path = host.get_fact(Mounts), str(host_key.path("ed25519"))
    this = owner(mounts)
    if not this or not why_fixed(mounts, path) or mountinfo.is_volume(mounts, path):
        return False
    return this != host.get_fact(FileText, path=str(paths.BELONGS_TO)).strip()


def _copies(place: str) -> tuple[list[File], bool]:
    """
    Return the keys of /etc/ssh as files of our place, and whether a new one is wanted there.
    """
    names = [host_key.path(kind).name for kind in host_key.KINDS]
    theirs = {f"{paths.SSH}/{name}": f"{place}/{name}" for name in names}
    if _are_the_images():
        theirs = {}
    found = host.get_fact(KeyFiles, paths=[*theirs, f"{place}/{names[0]}"])
    copies = [
        File(own, found[path].content, mode="600")
        for path, own in theirs.items()
        if path in found and found[path].content
    ]
    own = f"{place}/{names[0]}"
    if not copies and own in found and found[own].content:
        copies = [File(own, found[own].content, mode="600")]
    return copies, not copies


def _rest() -> str:
    """
    Return what the main file would say, where there is none. No two may have a Subsystem of sftp.
    """
    if host.get_fact(FileText, path=str(paths.SSHD_CONFIG)).strip():
        return ""
    return "".join(MAIN.decode().splitlines(keepends=True)[2:])


def _configuration(
    place: str, keys: Sequence[File], drop_ins: Sequence[File], *, is_new: bool, rest: str
) -> bytes:
    own = [file.path for file in keys] + ([f"{place}/ssh_host_ed25519_key"] if is_new else [])
    lines = [f"HostKey {path}" for path in own]
    for file in drop_ins:
        text = file.content.decode(errors="surrogateescape")
        lines.append(re.sub(r"(?mi)^HostKey .*$", "# its host keys are above", text))
    text = _OWN.format(directory=paths.SSH, main=paths.SSHD_CONFIG, own="\n".join(lines), rest=rest)
    return text.encode(errors="surrogateescape")


def _made(key: str) -> StringCommand:
    draft = temporary(key)
    # fmt: off
    return StringCommand(
        *room.cleared(draft, f"{draft}.pub"),
        "&&", "ssh-keygen", "-q", "-t", "ed25519", "-N", "''", "-C", "''", "-f", draft,
        "</dev/null", "&&", "mv", "-T", f"{draft}.pub", f"{key}.pub", "&&", "mv", "-T", draft, key,
    )
    # fmt: on
