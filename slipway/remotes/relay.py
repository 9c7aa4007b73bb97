"""
`rclone config` with a browser outside: rclone's web server, reachable through the mapped port.

rclone binds 127.0.0.1:53682 of the container, where a port that the engine maps does not lead. So
while the configuration runs, and only then, what comes to that port of the container's own
addresses is passed on. The token that comes back is a secret: it is passed on, never looked at.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
import subprocess
import threading
from collections.abc import Sequence

from slipway.contract.paths import RCLONE, RCLONE_CONF
from slipway.environment import host_data
from slipway.remotes import configuration_file

PORT = 53682  # https://rclone.org/remote_setup/
CHUNK = 65536


def run(arguments: Sequence[str]) -> int:
    """
    Run rclone with these arguments and return its exit code; the relay lives as long as it does.
    """
    listeners = [listener for address in addresses() if (listener := _listen(address))]
    thread = threading.Thread(target=serve, args=(listeners,), daemon=True)
    try:
        thread.start()
    except RuntimeError:  # a limit on processes, or a seccomp profile that knows no threads
        os.write(2, b"slipway: no relay: this container may start no thread\n")
    try:
        code = subprocess.run([RCLONE, *arguments], check=False).returncode
        return _not_saved(arguments) or code
    except KeyboardInterrupt:  # rclone got it, too
        return 130
    finally:
        for listener in listeners:
            listener.close()


def _not_saved(arguments: Sequence[str]) -> int:
    """
    Say that rclone could not save its configuration, which it does not tell by its exit code.
    """
    configured = host_data.inherited().get("RCLONE_CONFIG") or str(RCLONE_CONF)
    if why := configuration_file.why_unsaved(configured, arguments):
        os.write(2, f"slipway: {configured} is not changed: {why}\n".encode(errors="replace"))
    return int(bool(why))


def addresses() -> list[str]:
    """
    Return the container's own IPv4 addresses, loopback left out.
    """
    found = set()
    with contextlib.suppress(OSError):
        for *_, place in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET):
            found.add(str(place[0]))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, contextlib.suppress(OSError):
        probe.connect(("192.0.2.1", 9))  # no packet is sent: asks which address would be used
        found.add(probe.getsockname()[0])
    return sorted(address for address in found if not address.startswith("127."))


def serve(listeners: Sequence[socket.socket], *, port: int = PORT) -> None:
    """
    Pass connections on until the listeners are closed.
    """
    with selectors.DefaultSelector() as selector:
        for listener in listeners:
            selector.register(listener, selectors.EVENT_READ, listener)
        while any(listener.fileno() >= 0 for listener in listeners):
            for key, _ in selector.select(timeout=1.0):
                with contextlib.suppress(OSError):
                    client, _ = key.data.accept()
                    threading.Thread(target=_pass_on, args=(client, port), daemon=True).start()


def _listen(address: str) -> socket.socket | None:
    try:
        return socket.create_server((address, PORT))
    except OSError as error:  # another configuration runs: its relay serves
        os.write(2, f"slipway: no relay on {address}:{PORT}: {error.strerror}\n".encode())
        return None


def _pass_on(client: socket.socket, port: int) -> None:
    with (
        client,
        contextlib.suppress(OSError),
        socket.create_connection(("127.0.0.1", port), 5.0) as server,
    ):
        server.settimeout(None)
        back = threading.Thread(target=_copy, args=(server, client), daemon=True)
        back.start()
        _copy(client, server)
        back.join()


def _copy(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(CHUNK):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
