"""
What the convergence asks of sshd's configuration before sshd runs.

`python -m slipway.ssh.configured ports` prints one port a line; `keys` prints a word where sshd has
keys from elsewhere than our files; `refused USER` prints what refuses every session of a user's.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

from slipway.ssh import configuration, situation


def ports() -> bytes:
    """
    Return the ports, one a line.
    """
    return "".join(f"{port}\n" for port in configuration.read().ports).encode()


def keys() -> bytes:
    """
    Return a line where sshd has other keys.
    """
    return b"yes\n" if situation.has_other_keys(configuration.read()) else b""


def refused(user: str) -> bytes:
    """
    Return a line for each thing that refuses every session of somebody's, whatever keys he has.
    """
    lines = [str(each) for each in situation.refusals(user)]
    return "".join(f"{line}\n" for line in lines).encode(errors="surrogateescape")


ANSWERS: dict[str, Callable[..., bytes]] = {"ports": ports, "keys": keys, "refused": refused}


if __name__ == "__main__":
    sys.stdout.buffer.write(ANSWERS[sys.argv[1]](*sys.argv[2:]))
