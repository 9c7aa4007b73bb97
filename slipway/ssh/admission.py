"""
Whom sshd lets knock: how many at once, and that nobody pays for another behind the same address.

Behind NAT, a cloud's proxy or Docker's userland proxy all clients have one address, the owner and
the strangers who guess passwords. So no address is ever punished, and one address may hold hundreds
of connections that have not logged in. What bounds them is what they cost. docs/ssh.md has the
measurements.
"""

from __future__ import annotations

from typing import NamedTuple

from slipway.settings.key_blobs import SMALLEST_RSA

MOST = 800  # connections that have not logged in
RESERVED = 200  # of these, at most, for addresses other than the one that takes all it can get
_LEAST = 64

# A connection that says nothing costs 1.5 MiB and a process; in the middle of its key exchange it
# costs up to 3.1 MiB and two processes. So all together have at most half of what there is.
_SHARE = 4
_MEMORY = 1_650_000  # bytes
_OTHER_FILES = 64  # that sshd holds besides one for each connection

_HAS_RSA_SIZE = (9, 1)  # versions of OpenSSH
_HAS_PENALTIES = (9, 8)


class Limits(NamedTuple):
    """
    What a container may use at most; None for no limit that is known.
    """

    memory: int | None = None  # bytes
    processes: int | None = None
    files: int | None = None  # open at once, of one process


def startups(limits: Limits) -> int:
    """
    Return how many connections may wait for their login at once.
    """
    room = [MOST]
    if limits.memory is not None:
        room.append(limits.memory // _SHARE // _MEMORY)
    if limits.processes is not None:
        room.append(limits.processes // _SHARE)
    if limits.files is not None:
        room.append(limits.files - _OTHER_FILES)
    return max(_LEAST, min(room))


def options(*, limits: Limits, version: tuple[int, int]) -> dict[str, str]:
    """
    Return the options of sshd_config(5); those that this OpenSSH does not know are left out.

    + version: of OpenSSH
    """
    number = startups(limits)
    chosen = {
        "MaxStartups": str(number),  # without chance: up to this number nobody is turned away
        "PerSourceMaxStartups": str(max(number // 2, number - RESERVED)),
    }
    if version >= _HAS_RSA_SIZE:
        chosen["RequiredRSASize"] = str(SMALLEST_RSA)
    if version >= _HAS_PENALTIES:
        chosen["PerSourcePenalties"] = "no"
    return chosen
