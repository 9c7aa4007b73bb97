"""
A cache on a volume that is smaller than what goes through it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from tests.live.conftest import Slipway, wait_until

from .conftest import FUSE, Server, Start, state, wait_mounted

DISK = 200 << 20  # bytes
LARGE = 320 << 20  # of a file: more than there is room for
FLOOR = DISK // 20  # what caches leave free

# Read a file to its end, while somebody writes files of his own; prints its digest, and exits with
# 3 where one of these failed
READ = """
import hashlib, threading
done, failed = threading.Event(), []

def own():
    while not done.wait(0.05):
        try:
            with open("/workspace/mine", "wb") as file:
                file.write(bytes(10 << 20))
        except OSError as error:
            failed.append(error)

writer = threading.Thread(target=own)
writer.start()
try:
    with open("/workspace/remote/far/large", "rb") as file:
        print(hashlib.sha256(file.read()).hexdigest())
finally:
    done.set()
    writer.join()
raise SystemExit(3 if failed else 0)
"""
# Write one until that fails; exits with 3 if it does
WRITE = "head -c 320M /dev/zero > /workspace/remote/far/new || exit 3"


def free(slipway: Slipway) -> int:
    """
    Return how many bytes are free on the volume.
    """
    return int(slipway.check_output("sh", "-c", "stat -f -c %a /workspace")) * 4096


def test_more_than_the_disk_holds_is_read_and_room_comes_back(
    start: Start, serve: Callable[..., Server], network: str
) -> None:
    """
    What is only read takes no room, so the user's own writes go on. A file that does not fit can't
    be written; while its beginning waits for a remote that is down, log, status and health name the
    shortage, and once it is uploaded there is room again for the user's own files.
    """
    server = serve()
    with (server.data / "large").open("w+b") as file:
        file.truncate(LARGE)
        digest = hashlib.sha256(file.read()).hexdigest()
    slipway = start(
        environment=server.variables("far"),
        network=network,
        tmpfs={"/workspace": f"size={DISK}"},
        **FUSE,
    )
    wait_mounted(slipway)
    assert slipway.check_output("python3", "-c", READ).split() == [digest]
    assert "what is only read is not cached: there is little room" in slipway.logs()
    assert free(slipway) >= FLOOR

    server.container.pause()
    assert slipway.exec("sh", "-c", WRITE).code == 3
    words = "short of room"
    wait_until(lambda: words in slipway.logs(), "the log names it")
    assert words in slipway.check_output("slipway", "health")
    assert words in slipway.status()
    server.container.unpause()
    wait_until(lambda: state(slipway)["pending"] == 0, "it is uploaded", 120)
    wait_until(lambda: free(slipway) >= FLOOR, "the floor is free after the upload", 120)
    own = "head -c 8M /dev/urandom > /workspace/mine"
    assert slipway.exec("sh", "-c", own).code == 0
    assert words not in slipway.check_output("slipway", "health")
    wait_until(lambda: "its cache has room" in slipway.logs(), "the log, too")
    assert size(server.data / "new") < LARGE


def size(file: Path) -> int:
    """
    Return how much of a file the remote has.
    """
    return file.stat().st_size
