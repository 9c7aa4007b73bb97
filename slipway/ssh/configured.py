"""
What the convergence asks of sshd's configuration before sshd runs.

`python -m slipway.ssh.configured ports` prints one port a line; `keys` prints a word where sshd has
keys from elsewhere than our files.
"""

from __future__ import annotations

import sys

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


if __name__ == "__main__":
    sys.stdout.buffer.write({"ports": ports, "keys": keys}[sys.argv[1]]())
