"""
What sshd needs of the kernel's capabilities, measured on Debian 12 by dropping each of Docker's.

Without SETUID, SETGID or SYS_CHROOT no session opens; without AUDIT_WRITE one opens and has no
terminal (the kernel refuses the record of a login). All others of them cost neither: CHOWN,
DAC_OVERRIDE, FOWNER, FSETID, KILL, MKNOD, NET_RAW, SETFCAP and SETPCAP, each alone and together.

podman gives no AUDIT_WRITE, and its seccomp profile lets audit look absent without it. sshd takes
that for a kernel that has none, and terminals open: after EINVAL, EPROTONOSUPPORT and EAFNOSUPPORT
it goes on (linux_audit_record_event in its audit-linux.c).
"""

from __future__ import annotations

import errno
import socket

NUMBERS = {  # capabilities(7)
    "SETGID": 6,
    "SETUID": 7,
    "NET_BIND_SERVICE": 10,
    "SYS_CHROOT": 18,
    "AUDIT_WRITE": 29,
}
SESSION = ("SETGID", "SETUID", "SYS_CHROOT")
TERMINAL = ("AUDIT_WRITE",)
BIND = "NET_BIND_SERVICE"
ALL = -1  # a mask with every bit
_NETLINK_AUDIT = 9  # linux/netlink.h
_NO_AUDIT = (errno.EINVAL, errno.EPROTONOSUPPORT, errno.EAFNOSUPPORT)


def mask(status: str) -> int:
    """
    Return the effective ones from a text of /proc/PID/status; all where it does not tell.
    """
    for line in status.splitlines():
        if line.startswith("CapEff:"):
            return int(line.split()[1], 16)
    return ALL


def missing(held: int, names: tuple[str, ...]) -> list[str]:
    """
    Return which of several are not held.
    """
    return [name for name in names if not held >> NUMBERS[name] & 1]


def unbindable(held: int, ports: list[int], first_free: int) -> list[int]:
    """
    Return the ports that can't be listened on.

    + first_free: net.ipv4.ip_unprivileged_port_start, from which on nobody needs a capability
    """
    return [port for port in ports if port < first_free and missing(held, (BIND,))]


def is_audited() -> bool:
    """
    Tell whether sshd finds an audit here, to which it must be allowed to write.
    """
    try:
        socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_AUDIT).close()
    except OSError as error:
        return error.errno not in _NO_AUDIT
    return True
