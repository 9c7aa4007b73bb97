"""
sshd's main file: what in it is not ours, but for the line by which our own files count.
"""

from __future__ import annotations

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
