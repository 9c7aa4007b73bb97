"""
Real sockets.
"""

from __future__ import annotations

import socket
from pathlib import Path

from slipway.system.unix_listener import is_listened_at


def test_only_a_listener_counts(tmp_path: Path) -> None:
    """
    Nothing, a file, a directory and a socket that was left behind are none; a busy one is.
    """
    path = tmp_path / "socket"
    assert not is_listened_at(path)
    for kind in ("file", "directory"):
        (tmp_path / kind).touch() if kind == "file" else (tmp_path / kind).mkdir()
        assert not is_listened_at(tmp_path / kind)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        assert not is_listened_at(path)
        listener.listen(0)
        busy = [socket.socket(socket.AF_UNIX) for _ in range(3)]
        for each in busy:
            each.setblocking(False)
            each.connect_ex(str(path))
        assert is_listened_at(path)
        for each in busy:
            each.close()
    assert not is_listened_at(path)
