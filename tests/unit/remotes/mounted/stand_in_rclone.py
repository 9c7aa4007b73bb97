"""
Stands in for `rclone mount`: it mounts nothing, but says in a list of mounts that it has.

Its first argument is a directory: `plan` in it says what it does, `did` what it has done, and
`ready` is a pipe that it opens when it has done what it does first. The others are rclone's.
"""

from __future__ import annotations

import json
import os
import signal
import socketserver
import sys
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import FrameType
from typing import Any

root, words = Path(sys.argv[1]), sys.argv[2:]


def plan() -> dict[str, Any]:
    """
    Return what it does now.
    """
    found: dict[str, Any] = json.loads((root / "plan").read_bytes())
    return found


def note(what: str) -> None:
    """
    Add a line to what it has done.
    """
    with (root / "did").open("a") as did:
        did.write(f"{what}\n")


class Handler(BaseHTTPRequestHandler):
    """
    Its remote control.
    """

    def do_POST(self) -> None:
        """
        Answer as rclone 1.75.2 does.
        """
        command = self.path[1:]
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status, document = 200, {}
        if command == "operations/stat":
            status = 200 if plan()["answers"] else 500
        elif command == "vfs/queue-set-expiry":
            note(f"uploads {body['id']}")
            uploaded.update({body["id"]} if plan()["uploads"] else ())
        else:
            waiting = [number for number in range(plan()["queue"]) if number not in uploaded]
            queue = [{"id": number, "name": f"{number}", "expiry": 5.0} for number in waiting]
            document = {"diskCache": {"uploadsQueued": len(queue)}, "queue": queue}
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(document).encode())

    def log_message(self, *_words: Any) -> None:
        """Say nothing."""


def stop(_number: int, _frame: FrameType | None) -> None:
    """
    Unmount and end, unless somebody sits in the mount.
    """
    note("is told to stop")
    if plan()["stops"]:
        (root / "mountinfo").write_text("")
        os._exit(0)


if words[:2] == ["rc", "--loopback"]:
    print(json.dumps({"Name": "far", "Root": ""}))  # noqa: T201 - an answer
    sys.exit()
note("mounts")
first = plan()
signal.signal(signal.SIGTERM, stop)
point = Path(words[2])
uploaded: set[int] = set()
path = words[words.index("--rc-addr") + 1].removeprefix("unix://")
with socketserver.ThreadingUnixStreamServer(path, Handler) as server:
    if name := first["writes"]:
        (point / name).touch()
    if first["mounts"]:
        line = f"1 2 0:3 / {point} rw,nosuid - fuse.rclone far: rw\n"
        (root / "mountinfo").write_text(line)
    (root / "ready").open("w").close()
    if code := first["ends"]:
        (root / "mountinfo").write_text("")
        sys.exit(code)
    server.serve_forever(poll_interval=0.01)  # a signal just before a wait is seen after it
