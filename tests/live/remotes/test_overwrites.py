"""
Overwrites that a kill cuts off: the remote has the old bytes or the new ones, and never others.

Each round overwrites many files at once, in four ways, and kills rclone at a random moment of it.
`ROUNDS=20 pytest -k overwrite` is two hundred overwrites a kind of remote.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.live.conftest import wait_until

from .conftest import FUSE, Server, Start, state, wait_mounted

ROUNDS = int(os.environ.get("ROUNDS", "1"))
FILES = 10  # in each round
SIZE = 300_000  # bytes: several writes, so that a kill hits one in the middle

# Overwrite files in place, by a rename, after a truncation, and in pieces; kill rclone meanwhile
OVERWRITE = """
import json, os, signal, sys, threading, time
root, pid, turn, pause, size, files = json.loads(sys.argv[1])

def overwrite(number):
    path, new = f"{root}/{number}", f"n{turn:03d}".encode() * (size // 4)
    try:
        if number % 4 == 1:
            with open(f"{path}.new", "wb") as file:
                file.write(new)
            os.rename(f"{path}.new", path)
        elif number % 4 == 2:
            os.truncate(path, 0)
            with open(path, "r+b") as file:
                file.write(new)
        else:
            with open(path, "wb") as file:
                for at in range(0, size, 30_000 if number % 4 == 3 else size):
                    file.write(new[at : at + (30_000 if number % 4 == 3 else size)])
    except OSError:
        pass  # rclone is gone

threads = [threading.Thread(target=overwrite, args=(number,)) for number in range(files)]
for thread in threads:
    thread.start()
time.sleep(pause)
os.kill(pid, signal.SIGKILL)
os._exit(0)  # who writes now waits for nobody
"""


@pytest.mark.parametrize("kind", ["webdav", "sftp"])
def test_an_overwrite_that_is_cut_off_leaves_the_old_file_or_the_new_one(
    start: Start, serve: Callable[..., Server], network: str, kind: str
) -> None:
    """
    Never an empty one, a part of one, or a mixture; what is set aside is named.
    """
    server = serve(kind)
    for number in range(FILES):
        (server.data / f"{number}").write_bytes(b"old!" * (SIZE // 4))
    slipway = start(environment=server.variables("far"), network=network, **FUSE)
    pid = wait_mounted(slipway)
    for turn in range(ROUNDS):
        before = contents(server.data)
        pause = random.uniform(0, 0.15)  # noqa: S311 - a moment
        told = ["/workspace/remote/far", pid, turn, pause, SIZE, FILES]
        slipway.exec("python3", "-c", OVERWRITE, json.dumps(told))
        pid = wait_mounted(slipway, after=pid)
        wait_until(lambda: state(slipway)["pending"] == 0, "nothing waits", 90)
        new = f"n{turn:03d}".encode() * (SIZE // 4)
        now = contents(server.data)

        odd = {name: len(now[name]) for name in before if now[name] not in (before[name], new)}
        assert odd == {}, f"round {turn}, killed after {pause:.3f} s: {slipway.logs()[-3000:]}"


def contents(data: Path) -> dict[str, bytes]:
    """
    Return what the remote has.

    Most remotes have no rename that replaces: rclone deletes the old file, then moves the new one.
    Killed between the two, it has the new one under the name that it was written with.
    """
    files = [data / str(number) for number in range(FILES)]
    return {
        file.name: (file if file.exists() else data / f"{file.name}.new").read_bytes()
        for file in files
    }
