"""
The relay of `rclone config`'s web server.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from slipway.remotes import relay


@pytest.fixture
def echo() -> Iterator[int]:
    """
    A server on loopback that sends back in capitals what it is sent; its port.
    """
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            client, _ = server.accept()
            with client:
                data = b""
                while chunk := client.recv(1000):
                    data += chunk
                client.sendall(data.upper())

        threading.Thread(target=answer, daemon=True).start()
        yield server.getsockname()[1]


def test_what_comes_is_passed_on_and_back(echo: int) -> None:
    """
    Both directions to their ends, whatever their size.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(
            target=relay.serve, args=([listener],), kwargs={"port": echo}, daemon=True
        )
        thread.start()
        with socket.create_connection(listener.getsockname(), 10) as client:
            client.sendall(b"x" * 1_000_000)
            client.shutdown(socket.SHUT_WR)
            back = b""
            while chunk := client.recv(65536):
                back += chunk

    assert back == b"X" * 1_000_000
    thread.join(10)
    assert not thread.is_alive()


def test_a_page_that_is_not_there_yet_ends_the_connection() -> None:
    """
    The browser may be faster than rclone.
    """
    with socket.create_server(("127.0.0.1", 0)) as taken:
        nobody = taken.getsockname()[1]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(
            target=relay.serve, args=([listener],), kwargs={"port": nobody}, daemon=True
        ).start()
        with socket.create_connection(listener.getsockname(), 10) as client:
            assert client.recv(1) == b""


def test_loopback_is_not_relayed() -> None:
    """
    It is where rclone listens itself.
    """
    assert [address for address in relay.addresses() if address.startswith("127.")] == []
