"""
The host's network: its uplink's packet size and its free ports.
"""

from __future__ import annotations

import errno
import socket
import sys
from pathlib import Path

ETHERNET = 1500
PROC = Path("/proc/net")
INTERFACES = Path("/sys/class/net")
NO_HOST_IPV4, NO_HOST_IPV6 = "00000000", "0" * 32


def default_interface(proc: Path = PROC) -> str | None:
    """
    Return the interface of the default route, IPv4 first.
    """
    for line in _lines(proc / "route")[1:]:
        interface, destination, _, _, _, _, _, mask, *_ = line.split()
        if destination == mask == NO_HOST_IPV4:
            return interface
    for line in _lines(proc / "ipv6_route"):
        destination, prefix, *_, interface = line.split()
        if destination == NO_HOST_IPV6 and prefix == "00" and interface != "lo":
            return interface
    return None


def uplink_mtu(proc: Path = PROC, interfaces: Path = INTERFACES) -> int:
    """
    Return the largest packet that leaves this host; never more than Ethernet's.
    """
    interface = default_interface(proc)
    lines = _lines(interfaces / interface / "mtu") if interface else []
    return min(int(lines[0]), ETHERNET) if lines else ETHERNET


def is_free(address: str, port: int) -> bool:
    """
    Tell whether a port could be listened on.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as listener:
            if sys.platform != "darwin":  # where it lets a port in use look free
                # As the engine's own proxy does: connections of an earlier one may linger.
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((address, port))
    except OSError as error:
        return error.errno != errno.EADDRINUSE  # not ours to judge: the engine may have the right
    return True


def next_free(address: str, port: int) -> int:
    """
    Return the first free port from this one on.
    """
    return next(
        (n for n in range(port, min(port + 1000, 65536)) if is_free(address, n)),
        port,  # none: the engine's own refusal says so
    )


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []
