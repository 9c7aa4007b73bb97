"""
sshd: its host keys, and whether it runs with the configuration that is there.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Sequence
from posixpath import dirname
from types import ModuleType
from typing import NamedTuple

from pyinfra.api import FactBase, QuoteString, StringCommand

from slipway.connectors.native import Inside, Result, by_shell
from slipway.contract.paths import (
    HOST_KEY_LOCK,
    MODULI,
    PYTHON,
    RUN,
    SSH,
    SSHD_CONFIG,
    SSHD_DROP_INS,
    SSHD_INCLUDED,
    SSHD_LEFT_OUT,
    SSHD_PID,
    STATE,
)
from slipway.ssh import inside
from slipway.system import locks

_VERSION = r"OpenSSH_(\d{1,4})\.(\d{1,4})"  # "OpenSSH_9.2p1 Debian-2, OpenSSL 3.0.22"


class HostKeys(FactBase[set[str]]):
    """
    Returns the types of the host keys that are there, private and public part both.
    """

    default = set

    def command(self) -> StringCommand:
        """List the key files; one alone, an empty one or one with something else counts as none."""
        command = StringCommand(
            f"cd {SSH} && for key in ssh_host_*_key; do "
            '[ -f "$key" ] && [ -f "$key.pub" ] && [ -s "$key.pub" ] || continue; first= last=; '
            'while IFS= read -r line; do [ -n "$line" ] || continue; '
            '[ -n "$first" ] || first=$line; last=$line; done < "$key"; '
            'case $first$last in -----BEGIN*-----END*) echo "$key" ;; esac; done; true'
        )
        return Inside(command, lambda: _printed(inside.host_keys(str(SSH))))

    def process(self, output: list[str]) -> set[str]:
        """Take the type out of each name."""
        return {line.removeprefix("ssh_host_").removesuffix("_key") for line in output}


class HostKeyIsInTheMaking(FactBase[bool]):
    """
    Returns whether a host key is being made in the background, by its lock (flock(1)).
    """

    default = bool

    def command(self) -> StringCommand:
        """Try the lock; where there is no file yet, none is made for the question's sake."""
        lock = QuoteString(str(HOST_KEY_LOCK))
        command = StringCommand(
            "[ -e", lock, "] && ! flock --nonblock", lock, "true && echo busy; true"
        )
        return Inside(command, lambda: _printed(["busy"] if locks.is_held(HOST_KEY_LOCK) else []))

    def process(self, output: list[str]) -> bool:
        """Any word will do."""
        return bool(output)


class Abilities(NamedTuple):
    """
    What this OpenSSH is, as far as its configuration depends on it.
    """

    distribution: str  # "debian-12"; "" where os-release(5) does not tell
    version: tuple[int, int]  # (9, 2); (0, 0) where it does not tell
    key_exchanges: list[str]


class SshdAbilities(FactBase[Abilities]):
    """
    Returns the distribution that OpenSSH comes from, its version, and the key exchanges it knows.
    """

    @staticmethod
    def default() -> Abilities:
        """Know nothing."""
        return Abilities("", (0, 0), [])

    def command(self) -> StringCommand:
        """Ask all at once; client and server are of one version, and older servers tell none."""
        command = StringCommand(
            '(. /etc/os-release && echo "$ID-$VERSION_ID"); echo; ssh -V 2>&1; ssh -Q kex; true'
        )
        return Inside(command, lambda: Result(inside.abilities(inside.OS_RELEASE)))

    def process(self, output: list[str]) -> Abilities:
        """Take the first line for the distribution, and what has a name for a key exchange."""
        distribution, *lines = output
        found = [re.match(_VERSION, line) for line in lines]
        version = next(((int(each[1]), int(each[2])) for each in found if each), (0, 0))
        names = [line for line, told in zip(lines, found, strict=True) if line and not told]
        return Abilities(distribution.strip("-"), version, names)


class WeakModuli(FactBase[bool]):
    """
    Returns whether /etc/ssh/moduli has groups below a number of bits (moduli(5)).
    """

    default = bool

    def command(self, bits: int) -> StringCommand:
        """Look at the fifth column, which is one less than the number of bits."""
        command = StringCommand(
            f"awk '!/^#/ && $5 < {bits - 1} {{ print \"weak\"; exit }}' {MODULI} 2>/dev/null; true"
        )
        return Inside(
            command, lambda: _printed(["weak"] if inside.has_weak_moduli(str(MODULI), bits) else [])
        )

    def process(self, output: list[str]) -> bool:
        """Any line will do."""
        return bool(output)


class SshdIsStale(FactBase[bool]):
    """
    Returns whether sshd's configuration or host keys are newer than the sshd that runs.

    A key of a kind that the configuration does not name is none of its: packages make such.

    sshd writes its pid file when it starts and again after each SIGHUP. A file's time of change
    (ctime) can't be set, so a file dated in the future is no newer than it is; and where the clock
    itself was wrong, a change in the future does not count, while a pid file from there does.
    """

    default = bool

    def command(self, besides: Sequence[str] = ()) -> StringCommand:
        """Compare times; without a pid file nothing runs that could be stale."""
        places = (SSHD_CONFIG, SSHD_DROP_INS, *SSHD_INCLUDED, STATE / "ssh", RUN / "ssh")
        more = [bit for path in besides for bit in (QuoteString(path), QuoteString(dirname(path)))]
        # A change while sshd was given copies is older than its pid file, and newer than the record
        copied = ["find", *more, "-maxdepth 1 -cnewer", str(SSHD_LEFT_OUT), "! -newerct now;"]
        command = StringCommand(
            f"[ -e {SSHD_PID} ] && {{ find {SSHD_PID} -newermt now;",
            *("find", *map(str, places), *more),
            f"-maxdepth 1 -cnewer {SSHD_PID} ! -newerct now;",
            *(copied if more else []),
            f"find {SSH}/ssh_host_*_key -maxdepth 0 -cnewer {SSHD_PID} ! -newerct now",
            "| while IFS= read -r key; do",
            f"lines=$(grep -shiE '^[[:space:]]*HostKey[[:space:]=]' {SSHD_CONFIG}",
            f'{SSHD_DROP_INS}/*); case $lines in \'\'|*"$key"*) echo "$key";; esac; done;',
            "}",
            "2>/dev/null | head -n 1; true",
        )
        return Inside(
            command,
            lambda: (
                by_shell(command)
                if more
                else _printed(inside.newer(str(SSHD_PID), list(map(str, places)), str(SSH)))
            ),
        )

    def process(self, output: list[str]) -> bool:
        """Any newer file will do."""
        return bool(output)


class SshdPorts(FactBase[list[int]]):
    """
    Returns the ports that sshd's configuration has it listen on.
    """

    default = list

    def command(self) -> StringCommand:
        """Read the files; sshd itself may not be able to."""
        command = StringCommand(*PYTHON, "slipway.ssh.configured", "ports")
        return Inside(command, lambda: Result(_configured().ports()))

    def process(self, output: list[str]) -> list[int]:
        """Take one a line."""
        return [int(line) for line in output]


class HasOtherKeys(FactBase[bool]):
    """
    Returns whether sshd has keys that are in no file of ours: a CA's, a program's, a user's file.
    """

    default = bool

    def command(self) -> StringCommand:
        """Read the configuration and what it names."""
        command = StringCommand(*PYTHON, "slipway.ssh.configured", "keys")
        return Inside(command, lambda: Result(_configured().keys()))

    def process(self, output: list[str]) -> bool:
        """Any word will do."""
        return bool(output)


class SessionRefusal(FactBase[str]):
    """
    Returns why sshd, PAM or the account refuses every session of somebody's; "" where none does.

    His keys play no part in it.
    """

    default = str

    def command(self, user: str) -> StringCommand:
        """Judge it as health does."""
        command = StringCommand(*PYTHON, "slipway.ssh.configured", "refused", QuoteString(user))
        return Inside(command, lambda: Result(_configured().refused(user)))

    def process(self, output: list[str]) -> str:
        """Take the first reason."""
        return output[0] if output else ""


class SshPortIsTaken(FactBase[bool]):
    """
    Returns whether a stranger listens on a TCP port already: a cloud's own sshd, say.

    What supervisord runs is none: it gives sshd's port back (slipway.services.port_claim).
    """

    default = bool

    def command(self, port: int) -> StringCommand:
        """Look into the kernel's tables; no tool for sockets need be installed."""
        command = StringCommand(
            f"! grep -qE '{inside.listening(port)}' /proc/net/tcp /proc/net/tcp6 2>/dev/null ||",
            *PYTHON,
            "slipway.services.port_claim",
            "whose",
            str(port),
        )
        return Inside(command, lambda: _stranger(port))

    def process(self, output: list[str]) -> bool:
        """Any listener will do."""
        return bool(output)


def _printed(lines: list[str]) -> Result:
    return Result("".join(f"{line}\n" for line in lines).encode(errors="surrogateescape"))


def _stranger(port: int) -> Result:
    """
    Do what the fact's command does; a port that is nobody's needs no module more.
    """
    if not inside.listeners(port):
        return Result(b"")
    port_claim = importlib.import_module("slipway.services.port_claim")
    return Result(b"" if port_claim.is_claimable(port) else b"taken\n")


def _configured() -> ModuleType:
    """
    Return the module that reads sshd's configuration: few starts need it.
    """
    return importlib.import_module("slipway.ssh.configured")
