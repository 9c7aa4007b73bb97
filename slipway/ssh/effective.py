"""
sshd's configuration as it holds: what `sshd -T` says for one connection.
"""

from __future__ import annotations

import re
import socket
import subprocess
from typing import NamedTuple

from slipway.contract import paths
from slipway.ssh.configuration import options
from slipway.ssh.patterns import Connection
from slipway.system import slow

TIMEOUT = 2.0  # seconds; it takes a hundredth of one
_AT = r"^(/\S+?):? line (\d+): (.+)$"
_LEFT_OUT = "setenv"  # the container's environment, secrets and all


class Trouble(NamedTuple):
    """
    Why sshd can't use its configuration.
    """

    what: str
    place: str  # "" where it names no file


class CannotTell(Exception):  # noqa: N818 - an answer
    """
    sshd refuses its configuration.
    """

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.what)
        self.trouble = trouble


def ask(connection: Connection) -> dict[str, list[str]]:
    """
    Return each keyword's values, as for a connection. Raises CannotTell.
    """
    criteria = {
        "user": connection.user,
        "host": connection.address,
        "addr": connection.address,
        "laddr": _own_address(connection.address),
        "lport": str(connection.port),
    }
    words = ",".join(f"{name}={value}" for name, value in criteria.items())
    try:
        done = slow.run([paths.SSHD, "-T", *options(), "-C", words], patience=TIMEOUT)
    except subprocess.TimeoutExpired:
        raise CannotTell(Trouble(f"`sshd -T` says nothing for {TIMEOUT:.0f} s", "")) from None
    except OSError as error:
        raise CannotTell(Trouble(f"{paths.SSHD}: {error.strerror}", "")) from None
    if done.returncode:
        raise CannotTell(trouble(done.stderr.decode(errors="replace")))
    return parse(done.stdout.decode(errors="replace"))


def _own_address(address: str) -> str:
    """
    Return the container's address that a connection from there would come to. Nothing is sent.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as asked:
            asked.connect((address, 9))
            own: str = asked.getsockname()[0]
    except OSError:  # no way leads there
        return "127.0.0.1"
    return own


def parse(output: str) -> dict[str, list[str]]:
    """
    Return the values of what `sshd -T` prints.
    """
    found: dict[str, list[str]] = {}
    for line in output.splitlines():
        keyword, _, value = line.partition(" ")
        if keyword.islower() and keyword != _LEFT_OUT:
            found.setdefault(keyword, []).append(value)
    return found


def trouble(words: str) -> Trouble:
    """
    Return the first complaint that names a line, or else the last words.
    """
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    for line in lines:
        if match := re.match(_AT, line):
            return Trouble(match[3].rstrip("."), f"{match[1]} line {match[2]}")
    return Trouble(lines[-1] if lines else "sshd gives no reason", "")
