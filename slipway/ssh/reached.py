"""
Where sshd is reached: its addresses and ports, as its configuration has them.
"""

from __future__ import annotations

import socket

from slipway.ssh.login import Obstacle, Subject

_ANYWHERE = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # noqa: S104 - compared with, not bound to
_LOOPBACK = ("127.", "[::1]", "localhost")


def ports(subject: Subject) -> list[int]:
    """
    Return the ports.
    """
    return list(dict.fromkeys(port for _, port in places(subject))) or subject.written.ports


def places(subject: Subject) -> list[tuple[str, int]]:
    """
    Return addresses of this machine, each with its port, at which it can be asked.
    """
    found = []
    for value in subject.effective.get("listenaddress", ()):
        address, _, port = value.split(" ")[0].rpartition(":")
        if port.isdigit():
            found.append((_ANYWHERE.get(address, address).strip("[]"), int(port)))
    return sorted(found, key=lambda place: ":" in place[0])  # IPv4 first: [::] may be switched off


def obstacles(subject: Subject) -> list[Obstacle]:
    """
    Return why nobody outside of the container reaches sshd, or not everybody.
    """
    addresses = subject.effective.get("listenaddress", ())
    if addresses and all(address.startswith(_LOOPBACK) for address in addresses):
        what = f"sshd listens inside of the container alone: {' '.join(addresses)}"
        return [subject.obstacle("ListenAddress", what)]
    if subject.value("AddressFamily") != "inet6":
        return []
    if has_ipv6():
        what = "nobody reaches sshd over IPv4: AddressFamily inet6"
        return [subject.obstacle("AddressFamily", what, refuses=False)]
    what = "sshd listens nowhere: AddressFamily inet6, and the container has no IPv6"
    return [subject.obstacle("AddressFamily", what, closes=True)._replace(is_chosen=False)]


def has_ipv6() -> bool:
    """
    Tell whether this container can listen at an IPv6 address.
    """
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True
