"""
The TCP sockets that listen on a port.

The kernel is asked by netlink (sock_diag(7)), which goes through listening sockets alone: 0.1 ms.
/proc/net/tcp goes through the table of all connections that there might be, and takes up to 10 ms.
It is for kernels that don't know the question.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import struct
from pathlib import Path

_SOCK_DIAG = 4  # the protocol of netlink; these numbers are those of linux/netlink.h and its kin
_BY_FAMILY = 20
_DUMP = 0x301  # a request, for all that match
_ERROR, _DONE = 2, 3
_LISTEN = 10  # of TCP's states
_HEADER = struct.Struct("=IHHII")
_QUESTION = struct.Struct("=BBBBI2s2s44x")  # inet_diag_req_v2, with the port alone of its id
_ANSWER = struct.Struct("=4x48x12xII")  # inet_diag_msg: of it, the user and the inode
_TIMEOUT = 1.0  # seconds for each part of an answer
_TABLES = ("/proc/net/tcp", "/proc/net/tcp6")
_LISTEN_HEX = b"0A"


def on(port: int) -> dict[int, int] | None:
    """
    Return the sockets: inode to the uid of who has made it; None where the kernel does not tell.
    """
    try:
        return {**_asked(port, socket.AF_INET), **_asked(port, socket.AF_INET6)}
    except OSError:
        return _read(port)


def _asked(port: int, family: int) -> dict[int, int]:
    """
    Ask for those of one family. Raises OSError.
    """
    question = _QUESTION.pack(
        family, socket.IPPROTO_TCP, 0, 0, 1 << _LISTEN, port.to_bytes(2, "big"), b""
    )
    found: dict[int, int] = {}
    with socket.socket(socket.AF_NETLINK, socket.SOCK_DGRAM, _SOCK_DIAG) as kernel:
        kernel.settimeout(_TIMEOUT)
        kernel.send(_HEADER.pack(_HEADER.size + len(question), _BY_FAMILY, _DUMP, 1, 0) + question)
        while True:
            answer = kernel.recv(1 << 16)
            while len(answer) >= _HEADER.size:
                size, kind, *_ = _HEADER.unpack_from(answer)
                if kind == _DONE:
                    return found
                if kind == _ERROR or size < _HEADER.size:
                    raise OSError(errno.EOPNOTSUPP, os.strerror(errno.EOPNOTSUPP))
                uid, inode = _ANSWER.unpack_from(answer, _HEADER.size)
                found[inode] = uid
                answer = answer[(size + 3) & ~3 :]


def _read(port: int) -> dict[int, int] | None:
    """
    Read the kernel's tables.
    """
    found, is_told = {}, False
    for table in _TABLES:
        with contextlib.suppress(OSError):  # without IPv6, say
            lines = Path(table).read_bytes().splitlines()[1:]
            is_told = True
            for line in lines:
                row = line.split()
                if row[3] == _LISTEN_HEX and int(row[1].rpartition(b":")[2], 16) == port:
                    found[int(row[9])] = int(row[7])
    return found if is_told else None
