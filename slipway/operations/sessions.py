"""
The record of who is logged in, utmp(5).
"""

from __future__ import annotations

import contextlib
import grp
import os
from collections.abc import Generator

from pyinfra import host
from pyinfra.api import StringCommand

from slipway.connectors.native import Inside, Result
from slipway.contract.paths import UTMP
from slipway.facts.sessions import SessionRecord
from slipway.operations import foresight
from slipway.operations.independent import operation
from slipway.system import aside, atomic

_GROUP = "utmp"  # Debian's; programs like tmux are of it


@operation()
def recorded() -> Generator[StringCommand]:
    """
    Have a record of this start's sessions: sshd adds to one, and complains where there is none.
    """
    wrong = host.get_fact(SessionRecord)
    if not wrong:
        host.noop(f"{UTMP} is there")
        return
    foresight.change(str(UTMP), wrong)
    room = f"[ ! -d {UTMP} ] || [ -L {UTMP} ] || mv -T --backup=numbered {UTMP} {UTMP}.replaced; "
    new = f"install -T -m 664 -g {_GROUP} /dev/null {UTMP} 2>/dev/null"
    command = StringCommand(f"{room}{new} || install -T -m 664 /dev/null {UTMP}")
    yield Inside(command, _made)


def _made() -> Result:
    """
    Do what the command does. Where root may give nothing away, or has no such group, it is root's.
    """
    try:
        if UTMP.is_symlink():
            UTMP.unlink()  # what it leads to is somebody's
        elif UTMP.is_dir():
            aside.keep(UTMP, suffix="replaced")
        atomic.write(UTMP, b"", mode=0o664, durable=False)
        UTMP.chmod(0o664)
        with contextlib.suppress(KeyError, PermissionError):
            os.chown(UTMP, 0, grp.getgrnam(_GROUP).gr_gid)
    except OSError as error:
        return Result(b"", f"{error}\n".encode(), code=1)
    return Result(b"")
