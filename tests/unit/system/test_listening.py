"""
Listening sockets, as the kernel has them.
"""

from __future__ import annotations

import errno
import os
import socket

import pytest

from slipway.system import listening


def inode(one: socket.socket) -> int:
    """
    Return a socket's inode.
    """
    return os.fstat(one.fileno()).st_ino


@pytest.mark.parametrize("way", ["netlink", "tables", "neither"])
def test_the_sockets_of_a_port_are_found(way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """
    Each with who has made it; connections of the same port and other ports are none.
    """

    def unknown(_port: int, _family: int) -> dict[int, int]:
        raise OSError(errno.EPROTONOSUPPORT, "")

    if way != "netlink":
        monkeypatch.setattr(listening, "_asked", unknown)
    if way == "neither":
        monkeypatch.setattr(listening, "_TABLES", ("/proc/none",))
    with (
        socket.create_server(("127.0.0.1", 0)) as one,
        socket.create_server(("127.0.0.1", 0)) as other,
    ):
        port = one.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client, one.accept()[0]:
            seen = listening.on(port)
            assert client
        expected = {inode(one): os.geteuid()}
        assert seen == (None if way == "neither" else expected)
        assert other
    assert listening.on(port) == (None if way == "neither" else {})


def test_the_kernel_answers_here() -> None:
    """
    What is asked has the form that it knows.
    """
    with socket.create_server(("127.0.0.1", 0)) as one:
        assert listening._asked(one.getsockname()[1], socket.AF_INET)  # noqa: SLF001


def test_many_sockets_of_one_port_are_all_found() -> None:
    """
    More than one answer of the kernel's holds.
    """
    made = [socket.socket() for _ in range(600)]
    try:
        for each in made:
            each.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            each.bind(("127.0.0.1", made[0].getsockname()[1] if each is not made[0] else 0))
            each.listen()
        seen = listening.on(made[0].getsockname()[1])
        assert seen is not None
        assert seen.keys() == set(map(inode, made))
    finally:
        for each in made:
            each.close()
