"""
Whether somebody listens at a unix socket.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

LISTENS = "00010000"  # among the flags of /proc/net/unix
_TABLE = "/proc/net/unix"


def is_listened_at(path: Path) -> bool:
    """
    Tell whether a socket has a listener. A frozen one counts. What was left behind has none.

    One whose socket somebody has removed, or put something in the place of, listens all the same.
    Most starts find no socket at all, and import no module for that answer.
    """
    return (os.path.lexists(path) and is_served(path)) or is_held(path)


def is_served(path: Path) -> bool:
    """
    Tell whether somebody answers connections at the socket that is there.
    """
    import socket  # noqa: PLC0415 - see above

    with socket.socket(socket.AF_UNIX) as connection:
        connection.setblocking(False)
        try:
            connection.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return False
        except OSError:  # one that is busy, or not for us to ask
            return True
    return True


def is_held(path: Path) -> bool:
    """
    Tell whether a supervisord of this container listens at what was bound for a path.
    """
    return bool(holder(path))


def holder(path: Path) -> int:
    """
    Return the process that does, 0 for none.

    The kernel keeps the name whatever has become of the file. supervisord binds `PATH.NUMBER`, its
    own number, and links that to its place. Containers may share a network, and then this table;
    so that process must have the socket open.
    """
    prefix = f"{path}."
    try:
        lines = Path(_TABLE).read_bytes().decode(errors="surrogateescape").splitlines()
    except OSError:
        return 0
    for line in lines:
        words = line.split(None, 7)
        if len(words) == 8 and words[3] == LISTENS and words[7].startswith(prefix):  # noqa: PLR2004
            number = words[7].removeprefix(prefix)
            if number.isdigit() and _has_open(number, f"socket:[{words[6]}]"):
                return int(number)
    return 0


def _has_open(number: str, what: str) -> bool:
    """
    Tell whether a process has something open; one that does not let us see is believed to.
    """
    try:
        descriptors = os.listdir(f"/proc/{number}/fd")  # noqa: PTH208 - names
    except PermissionError:
        return True
    except OSError:
        return False
    for each in descriptors:
        with contextlib.suppress(OSError):  # closed meanwhile
            if os.readlink(f"/proc/{number}/fd/{each}") == what:  # noqa: PTH115 - a string
                return True
    return False
