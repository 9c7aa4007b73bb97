"""
sshd: its host keys, and whether it runs with the configuration that is there.
"""

from __future__ import annotations

from pyinfra.api import FactBase


class HostKeys(FactBase[set[str]]):
    """
    Returns the types of the host keys that are there, private and public part both.
    """

    default = set

    def command(self) -> str:
        """List the key files; a private part alone or an empty file counts as none."""
        return (
            "cd /etc/ssh && for key in ssh_host_*_key; do "
            '[ -s "$key" ] && [ -s "$key.pub" ] && echo "$key"; done; true'
        )

    def process(self, output: list[str]) -> set[str]:
        """Take the type out of each name."""
        return {line.removeprefix("ssh_host_").removesuffix("_key") for line in output}


class SshdIsStale(FactBase[bool]):
    """
    Returns whether sshd's configuration or host keys are newer than the sshd that runs.

    sshd writes its pid file when it starts and again after each SIGHUP.
    """

    default = bool

    def command(self) -> str:
        """Compare times; without a pid file nothing runs that could be stale."""
        return (
            "[ -e /run/sshd.pid ] && find /etc/ssh/sshd_config /etc/ssh/sshd_config.d "
            "/etc/ssh/ssh_host_*_key /run/slipway/sshd.conf -newer /run/sshd.pid "
            "2>/dev/null | head -n 1; true"
        )

    def process(self, output: list[str]) -> bool:
        """Any newer file will do."""
        return bool(output)


class SshPortIsTaken(FactBase[bool]):
    """
    Returns whether something listens on TCP port 22 already: a cloud's own sshd, say.

    State 0A of /proc/net/tcp is LISTEN; ports are in hexadecimal (proc(5)).
    """

    default = bool

    def command(self) -> str:
        """Look into the kernel's tables; no tool for sockets need be installed."""
        return "grep -hE ':0016 [0-9A-F]+:0000 0A' /proc/net/tcp /proc/net/tcp6 2>/dev/null || true"

    def process(self, output: list[str]) -> bool:
        """Any listener will do."""
        return bool(output)
