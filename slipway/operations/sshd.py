"""
sshd itself: it runs while there is a key to log in with, and with what it can use of its files.
"""

from __future__ import annotations

import contextlib
import posixpath
import time
from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING

from pyinfra import host
from pyinfra.api import StringCommand

from slipway.connectors.native import Inside, Result
from slipway.contract.paths import (
    MODULI,
    PYTHON,
    SSH,
    SSHD_DROP_INS,
    SSHD_INCLUDED,
    SSHD_LEFT_OUT,
)
from slipway.facts.authorized_keys import KeyFiles
from slipway.facts.files import FileText
from slipway.facts.ssh import HasOtherKeys, SshdIsStale, SshdPorts, SshPortIsTaken
from slipway.facts.supervisor import UP, asked
from slipway.operations import foresight
from slipway.operations.degraded import degrade
from slipway.operations.independent import operation
from slipway.operations.supervisor import Complaint, checked, expected, will_run
from slipway.services import told
from slipway.settings import public_keys
from slipway.ssh import own_test, pid_file

if TYPE_CHECKING:
    from slipway.ssh.copies import LeftOut

PATIENCE = 0.5  # seconds for a start of sshd's: a few hundredths, where nobody is in its way
_TICK = 50_000_000  # nanoseconds: a file's time is that of the kernel's last tick


@operation()
def daemon(*, authorized_keys: Sequence[str]) -> Generator[StringCommand]:
    """
    Have sshd running exactly while there is a key to log in with, and with the present files.

    A running sshd that is older than its files is sent SIGHUP: it re-reads them and keeps
    its sessions (sshd(8)). With files that it can't use it would end, and nobody could log in to
    mend them: it is served without the lines that it can't use (slipway.ssh.usable), and the
    operation fails with these.

    + authorized_keys: the files whose valid lines count
    """
    supervisord = expected(changes=False)
    if supervisord is not None and supervisord.silent:
        yield Complaint(told.SILENCE)
        return
    if supervisord is None or "sshd" not in supervisord.programs:
        host.noop("sshd is not supervised here")
        return
    files = host.get_fact(KeyFiles, paths=list(authorized_keys))
    contents = {file.real: file.content for file in files.values()} | foresight.left()
    places = {file.real for file in files.values()} | set(authorized_keys)
    wanted = any(public_keys.any_valid(contents.get(place) or b"") for place in places)
    wanted = wanted or host.get_fact(HasOtherKeys)
    up = supervisord.programs["sshd"].state in UP
    if wanted and not up and (taken := _taken_ports()):
        degrade("sshd", f"port {taken} is taken by another server, which is left alone")
        host.noop(f"another server has port {taken}")
    elif wanted and not up:
        foresight.act("sshd", "start")
        will_run("sshd")
        yield _started()
    elif up and not wanted:
        foresight.act("sshd", "stop: no key opens a session")
        yield checked([("supervisor.stopProcess", ("sshd",))])
    elif up and (_is_stale() or _will_be_stale()):
        foresight.act("sshd", "read its files again: they are newer")
        yield Inside(StringCommand(*PYTHON, "slipway.ssh.usable", "reload"), _reloaded)
        if host.state.is_executing:
            yield from _complaint_of_lines()
    else:
        host.noop("sshd runs" if up else "sshd waits for a key")
        if up:
            yield from _complaint_of_lines()


def _started() -> StringCommand:
    """
    Return the command that starts sshd. Inside it ends when sshd listens, or has not in time.

    Users' programs start then. Nothing of ours competes with sshd for the processor until then,
    half of one perhaps.
    """
    start = checked([("supervisor.startProcess", ("sshd", False))])

    def act() -> Result:
        with contextlib.suppress(OSError):  # no room for a mark: it tests them itself
            own_test.mark()
        began = time.time_ns() - _TICK
        result = start.act()
        if result.code == 0:
            pid_file.wait(since=began, seconds=PATIENCE)
        with contextlib.suppress(OSError):
            own_test.unmark()
        asked([("supervisor.admitPrograms", ())])  # users' programs, which could take its port
        return result

    return Inside(start, act)


def _left_out() -> list[LeftOut]:
    """
    Return the lines that the sshd that runs does without.
    """
    text = host.get_fact(FileText, path=str(SSHD_LEFT_OUT))
    if not text.strip():
        return []
    from slipway.ssh import usable  # noqa: PLC0415 - few starts need it

    return usable.parse(text)


def _is_stale() -> bool:
    files = sorted({each.file for each in _left_out()})
    return bool(host.get_fact(SshdIsStale, besides=files))


def _complaint_of_lines() -> Generator[StringCommand]:
    if lines := _left_out():
        yield Complaint(told.LEFT_OUT + "; ".join(map(str, lines)))


def _reloaded() -> Result:
    """
    Do what the command that has sshd read its files again does.
    """
    from slipway.ssh import copies, usable  # noqa: PLC0415 - few starts need it

    try:
        usable.reload()
    except (OSError, copies.Unusable) as error:
        return Result(b"", f"{usable.UNUSABLE}{error}\n".encode(errors="surrogateescape"), code=1)
    return Result(b"")


def _will_be_stale() -> bool:
    """
    Tell whether earlier operations of a check would write what sshd reads at its start.
    """
    directories = (str(SSH), str(SSHD_DROP_INS))
    return any(
        posixpath.dirname(path) in directories or path in map(str, SSHD_INCLUDED)
        for path in foresight.left()
        if path != str(MODULI)
    )


def _taken_ports() -> str:
    """
    Return sshd's ports where others listen on all of them; "" where one is left for it.
    """
    ports = host.get_fact(SshdPorts)
    if not all(host.get_fact(SshPortIsTaken, port=port) for port in ports):
        return ""
    return ", ".join(map(str, ports))
