"""
rclone's remote control, played by a small server on a unix socket.
"""

from __future__ import annotations

import json
import socket
import socketserver
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from slipway.remotes import rc


class Rclone:
    """
    A queue of uploads, and what was asked of it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.queue: list[dict[str, Any]] = []
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.seconds = 0.0  # for each new expiry
        self.uploads_at_once = True

    def fill(self, number: int, **known: Any) -> None:
        """
        Queue files as the mount does.
        """
        start = len(self.queue)
        for number_ in range(start, start + number):
            self.queue.append({"id": number_, "expiry": 4.9, "uploading": False, **known})

    def answer(self, command: str, given: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """
        Answer as rclone 1.75.2 does.
        """
        self.asked.append((command, given))
        if command == "vfs/stats":
            disk = {"uploadsInProgress": 0, "uploadsQueued": len(self.queue)}
            return 200, {"diskCache": disk}
        if command == "vfs/queue":
            return 200, {"queue": self.queue}
        time.sleep(self.seconds)
        found = [item for item in self.queue if item["id"] == given["id"]]
        if not found:
            return 500, {"error": "id not found in queue"}
        found[0]["expiry"] = given["expiry"]
        if self.uploads_at_once:
            self.queue = [item for item in self.queue if item not in found]
        return 200, {}

    def hurried(self) -> list[int]:
        """
        Return the ids that were given a new expiry, in order.
        """
        return [given["id"] for command, given in self.asked if command == "vfs/queue-set-expiry"]


@pytest.fixture
def rclone(tmp_path: Path) -> Iterator[Rclone]:
    """
    One that runs.
    """
    rclone = Rclone(tmp_path / "socket")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status, document = rclone.answer(self.path[1:], json.loads(body))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(document).encode())

        def log_message(self, *_words: Any) -> None:
            """Say nothing."""

        def address_string(self) -> str:
            return ""

    with socketserver.ThreadingUnixStreamServer(str(rclone.path), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield rclone
        server.shutdown()
        thread.join()


def test_a_drain_has_everything_uploaded(rclone: Rclone) -> None:
    """
    Each file is told once, and not that it is being uploaded.
    """
    rclone.fill(3)

    assert rc.drain(rclone.path, seconds=30) == 0
    assert rclone.hurried() == [0, 1, 2]
    assert rc.pending(rclone.path) == 0


def test_what_is_due_or_under_way_is_not_told_again(rclone: Rclone) -> None:
    """
    However often the drain looks.
    """
    rclone.uploads_at_once = False
    rclone.fill(2)
    rclone.fill(1, uploading=True)
    rclone.fill(1, expiry=-0.5)

    assert rc.drain(rclone.path, seconds=1) == 4
    assert rclone.hurried() == [0, 1]
    assert len(rclone.asked) > 4


def test_a_drain_ends_at_its_bound_whatever_waits(rclone: Rclone) -> None:
    """
    Ten thousand files, of which each takes its time: it does not go through all of them.
    """
    rclone.seconds = 0.02
    rclone.uploads_at_once = False
    rclone.fill(10_000)

    assert rc.drain(rclone.path, seconds=1) == 10_000
    assert 0 < len(rclone.hurried()) < 1_000


def test_one_that_is_too_busy_leaves_what_it_said(
    rclone: Rclone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    At its bound, whatever it is asked then takes longer than it has.
    """
    rclone.fill(3)
    rclone.uploads_at_once = False
    real = rclone.answer

    def answer(command: str, given: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        if len(rclone.asked) > 1:
            time.sleep(0.5)
        return real(command, given)

    monkeypatch.setattr(rclone, "answer", answer)

    assert rc.drain(rclone.path, seconds=0.3) == 3


def test_a_file_that_is_uploaded_meanwhile_stops_nothing(
    rclone: Rclone, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    Between rclone's answer and the next question: it has no id any more.
    """
    rclone.fill(2)
    real = rclone.answer

    def answer(command: str, given: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        status, document = real(command, given)
        if command == "vfs/queue":
            document = {"queue": list(rclone.queue)}
            rclone.queue = rclone.queue[1:]
        return status, document

    monkeypatch.setattr(rclone, "answer", answer)

    assert rc.drain(rclone.path, seconds=30) == 0
    assert rclone.hurried() == [0, 1]


def test_rclones_own_error_is_told_apart_from_silence(rclone: Rclone) -> None:
    """
    With its words; nobody at the socket is another error.
    """
    with pytest.raises(rc.RefusedError, match="vfs/queue-set-expiry: id not found"):
        rc.call(rclone.path, "vfs/queue-set-expiry", id=7, expiry=0)
    with pytest.raises(FileNotFoundError):
        rc.pending(rclone.path.with_name("nobody"))


def test_several_are_asked_at_the_same_time(rclone: Rclone, tmp_path: Path) -> None:
    """
    One that is gone and one that is mute cost the others nothing.
    """
    rclone.fill(3)
    mute = tmp_path / "mute"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(mute))
        listener.listen()
        asked = [mute, tmp_path / "gone", rclone.path]
        found = rc.pending_of_all(asked, seconds=0.5)

    assert found == {rclone.path: 3}
