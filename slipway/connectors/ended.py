"""
How an operation's commands have ended: pyinfra knows only whether they failed.
"""

from __future__ import annotations

from typing import NamedTuple

from pyinfra.api import StringCommand
from pyinfra.api.host import Host

_ENDED = "ended"  # a key of the host's connector_data


class Ended(NamedTuple):
    """
    A command that failed.
    """

    program: str
    code: int


def note(host: Host, command: StringCommand, code: int) -> None:
    """
    Note that a command of the operation that runs has failed.
    """
    program = str(command).partition(" ")[0]
    host.connector_data.setdefault(_ENDED, {})[host.current_op_hash] = Ended(program, code)


def of(host: Host, op_hash: str) -> Ended | None:
    """
    Return an operation's command that failed; None where a connector of pyinfra's own ran it.
    """
    ended: Ended | None = host.connector_data.get(_ENDED, {}).get(op_hash)
    return ended
