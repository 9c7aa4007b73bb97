"""
sshd's main file: what in it is not ours, but for the line by which our own files count.
"""

from __future__ import annotations

import re
from collections.abc import Generator

from pyinfra import host

from slipway.contract.paths import SSHD_DROP_INS
from slipway.facts.files import FileText
from slipway.facts.mounts import Mounts
from slipway.operations import foresight
from slipway.operations.degraded import degrade
from slipway.operations.files import Command, File, write
from slipway.operations.independent import operation
from slipway.ssh import configuration
from slipway.system import mountinfo

# As Debian's and Ubuntu's package has it; what else is in it (COLORTERM) stays
_ACCEPTED = r"(?im)^([ \t]*AcceptEnv)((?:[ \t]+\S+)+)[ \t]*$"
_LANGUAGES = {"LANG", "LC_*"}

_INCLUDE = f"Include {SSHD_DROP_INS}/*.conf\n"


@operation()
def included(*, path: str, drop_in: str) -> Generator[Command]:
    """
    Have sshd's main file include a drop-in; a line that does is put before all others.

    What stands before an Include that is there is a user's choice, and stays.

    + path: the main file; one that is missing is not made here
    + drop_in: the file that must count
    """
    text = host.get_fact(FileText, path=path)
    if not text or configuration.includes(text, drop_in):
        host.noop(f"{path} includes {drop_in}" if text else f"there is no {path}")
        return
    around = mountinfo.holding(host.get_fact(Mounts), path)
    if around and (around.point == path or "ro" in around.options):
        degrade("SSH hardening", f"{path} is mounted and includes no {SSHD_DROP_INS}/*.conf")
        host.noop(f"{path} is not ours to change")
        return
    foresight.change(path, "sshd reads no file of Slipway's: the Include is missing")
    yield from write([File(path, (_INCLUDE + text).encode(errors="surrogateescape"))])


@operation()
def own_language(*, path: str) -> Generator[Command]:
    """
    Have sshd take no language from clients, where the package's line has it take any.

    A client sends the language of its own machine. Where that is not installed here, bash and perl
    warn of it in every session. What a drop-in of somebody's accepts stays accepted.

    + path: the main file
    """
    text = host.get_fact(FileText, path=path)
    mended = re.sub(_ACCEPTED, _without_language, text)
    if mended == text:
        host.noop(f"{path} does not accept the language of clients")
        return
    around = mountinfo.holding(host.get_fact(Mounts), path)
    if around and (around.point == path or "ro" in around.options):
        host.noop(f"{path} is not ours to change")
        return
    foresight.change(path, "accepts a language of clients that may not be installed here")
    yield from write([File(path, mended.encode(errors="surrogateescape"))])


def _without_language(line: re.Match[str]) -> str:
    names = line[2].split()
    kept = [name for name in names if name.strip('"') not in _LANGUAGES]
    if kept == names:
        return line[0]
    return " ".join([line[1], *kept]) if kept else f"#{line[0]}"
