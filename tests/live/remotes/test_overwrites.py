"""
Overwrites that are cut off: the remote has the old bytes or the new ones, and never others.

Each round changes many files at once, in six ways, and ends something at a random moment of it:
rclone, its container, its server, or all of it in order. What had come to its end before that is on
the remote afterwards, or set aside and named.
`ROUNDS=20 pytest -k overwrite` is 240 changed files and 20 ends for each kind of remote.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import re
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import docker
import pytest

from tests.live.conftest import Slipway, wait_until

from .conftest import FUSE, Server, Start, state, wait_mounted

ROUNDS = int(os.environ.get("ROUNDS", "1"))
FILES = 12  # in each round
SIZE = 300_000  # bytes: several writes, so that a kill hits one in the middle
AWAY = ".away"  # behind the name of what every other round renames
BETWEEN = ".new"  # behind the name of what is then renamed over the file
SETTLED = 15.0  # seconds after the last upload: machines are shared
UPLOADS = 4.8  # seconds: half of the ends come that much later, when uploads begin

# Overwrite files in place, by a rename, after a truncation, and in pieces; rename a file and a
# directory whose upload waits. `done` gets a line for each that came to its end.
CHANGE = """
import json, os, sys, threading
root, turn, size, files, away, between, done = json.loads(sys.argv[1])
new = f"n{turn:03d}".encode() * (size // 4)

def write(path, piece=size):
    with open(path, "wb") as file:
        for at in range(0, size, piece):
            file.write(new[at : at + piece])

def change(number):
    path = f"{root}/{number}"
    if number % 6 == 0:
        write(path)
    elif number % 6 == 1:
        write(path + between)
        os.rename(path + between, path)
    elif number % 6 == 2:
        os.truncate(path, 0)
        with open(path, "r+b") as file:
            file.write(new)
    elif number % 6 == 3:
        write(path, 30_000)
    else:
        source, target = (path, path + away) if os.path.exists(path) else (path + away, path)
        write(f"{source}/in" if number % 6 == 5 else source)
        os.rename(source, target)

def run(number):
    try:
        change(number)
    except OSError as error:
        print(number, error)  # rclone is gone
    else:
        with open(f"{done}/{turn}.{number}", "w"):
            pass

os.makedirs(done, exist_ok=True)
threads = [threading.Thread(target=run, args=(number,)) for number in range(files)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
with open(f"{done}/{turn}", "w"):
    pass
"""
DONE = "/var/tmp/changed"


class Place(NamedTuple):
    """
    What takes part in a round.
    """

    slipway: Slipway
    server: Server
    pid: int  # of rclone


def kill_rclone(place: Place, turn: int) -> int:
    """
    As the kernel does when memory is short; returns which rclone serves the mount then.
    """
    place.slipway.exec("kill", "-KILL", str(place.pid))
    return wait_mounted(place.slipway, after=place.pid)


def kill_container(place: Place, turn: int) -> int:
    """
    `docker kill`, and a start.

    Where rclone was just telling the kernel of a rename, while another rename in that directory
    waited for rclone, neither ends: the engine gives up after ten seconds, until somebody aborts
    the connection (slipway.remotes.mounted.mountpoint.abort, which died with the container).
    """
    connection = connection_of(place.slipway)
    try:
        place.slipway.container.kill()
    except docker.errors.APIError:
        abort(connection)
    place.slipway.container.wait()
    place.slipway.container.start()
    return wait_mounted(place.slipway)


def connection_of(slipway: Slipway) -> str:
    """
    Return the number by which the kernel knows the mount's connection: its device's.
    """
    slipway.container.reload()
    mounts = Path(f"/proc/{slipway.container.attrs['State']['Pid']}/mountinfo").read_text()
    (line,) = (line for line in mounts.splitlines() if " - fuse.rclone " in line)
    return line.split()[2].partition(":")[2]


def abort(connection: str) -> None:
    """
    Have the kernel answer for an rclone that is dead, from outside of its container.
    """
    with TemporaryDirectory() as place:
        subprocess.run(["mount", "-t", "fusectl", "none", place], check=True)
        try:
            (Path(place) / connection / "abort").write_text("1")
        finally:
            subprocess.run(["umount", place], check=True)


def kill_server(place: Place, turn: int) -> int:
    """
    Nothing ends in the container: what is written goes on.
    """
    with contextlib.suppress(docker.errors.APIError):  # it has just ended by itself
        place.server.container.kill()
        place.server.container.wait()
    place.server.container.start()
    wait_until(lambda: ended(place.slipway, turn), "all is written", 120)
    return wait_mounted(place.slipway)


def stop(place: Place, turn: int) -> int:
    """
    `docker stop`, and a start.
    """
    place.slipway.container.stop(timeout=10)
    place.slipway.container.start()
    return wait_mounted(place.slipway)


ENDS = (kill_rclone, kill_container, kill_server, stop)
IN_ORDER = (kill_server, stop)  # a rename that waits for the file's close is remembered


@pytest.mark.parametrize("kind", ["webdav", "sftp", "s3"])
def test_an_overwrite_that_is_cut_off_leaves_the_old_file_or_the_new_one(
    start: Start,
    serve: Callable[..., Server],
    network: str,
    kind: str,
    record_property: Callable[[str, object], None],
) -> None:
    """
    Never an empty one, a part of one, or a mixture; what is set aside is named, and nothing is lost
    that was written to its end.
    """
    server = serve(kind)
    for number in range(FILES):
        lay(server.data, number)
    slipway = start(environment=server.variables("far"), network=network, **FUSE)
    pid, changed = wait_mounted(slipway), Counter[str]()
    for turn in range(ROUNDS):
        before = contents(server.data)
        told = [server.inside("far"), turn, SIZE, FILES, AWAY, BETWEEN, DONE]
        slipway.container.exec_run(["python3", "-c", CHANGE, json.dumps(told)], detach=True)
        wait_until(lambda: slipway.exec("test", "-d", DONE).code == 0, "it is begun")
        pause = random.uniform(0, 0.4) + random.choice((0, UPLOADS))  # noqa: S311
        time.sleep(pause)  # a moment of it
        end = ENDS[turn % len(ENDS)]
        pid = end(Place(slipway, server, pid), turn)
        wait_until(lambda: state(slipway)["pending"] == 0, "nothing waits", 120)
        new = f"n{turn:03d}".encode() * (SIZE // 4)
        said = f"round {turn}, {end.__name__} after {pause:.3f} s"

        assert odd(before, contents(server.data), new) == [], f"{said}: {slipway.logs()[-3000:]}"
        missing = put_right(lambda: lost(slipway, server, turn, new))  # noqa: B023 - asked at once
        assert missing == [], f"{said}: {slipway.logs()[-3000:]}"
        if end in IN_ORDER:
            strays = put_right(lambda: twice(slipway, before, contents(server.data), turn))  # noqa: B023
            assert strays == [], f"{said}: {slipway.logs()[-3000:]}"
        changed[end.__name__] += len(finished(slipway, turn))
    record_property(f"{ROUNDS} rounds over {kind}, changes that came to their end", dict(changed))


def put_right(wrong: Callable[[], list[str]]) -> list[str]:
    """
    Return what is wrong still a moment later: what a rename has crossed is put right each second.
    """
    deadline = time.monotonic() + SETTLED
    while (found := wrong()) and time.monotonic() < deadline:
        time.sleep(0.5)
    return found


def lay(data: Path, number: int) -> None:
    """
    Give the remote a file for the first round.
    """
    file = data / f"{number}"
    if number % 6 == 5:
        file.mkdir()
        file /= "in"
    file.write_bytes(b"old!" * (SIZE // 4))


def ended(slipway: Slipway, turn: int) -> bool:
    """
    Tell whether a round's changes have all come to an end, whatever it was.
    """
    return slipway.exec("test", "-e", f"{DONE}/{turn}").code == 0


def contents(data: Path) -> dict[str, dict[str, bytes]]:
    """
    Return what the remote has of each file: by the names that it may have.

    Most remotes have no rename that replaces: rclone deletes the old file, then moves the new one.
    Killed between the two, it has the new one under the name that it was written with.
    """
    found: dict[str, dict[str, bytes]] = {}
    for number in range(FILES):
        name = str(number)
        places = [data / name, data / f"{name}{AWAY}", data / f"{name}{BETWEEN}"]
        files = [place / "in" if number % 6 == 5 else place for place in places]
        found[name] = {
            str(file.relative_to(data)): file.read_bytes() for file in files if file.is_file()
        }
    return found


def odd(
    before: dict[str, dict[str, bytes]], now: dict[str, dict[str, bytes]], new: bytes
) -> list[str]:
    """
    Say which files are neither as they were nor as they were to be.

    What was to be renamed over a file is a new one: as much of it as was written is worth having.
    """
    found = []
    for name, files in now.items():
        good = {*before[name].values(), new}
        found += [
            f"{at}: {len(held)} bytes"
            for at, held in files.items()
            if held not in good and not (at.endswith(BETWEEN) and new.startswith(held))
        ]
        if not files:
            found.append(f"{name} is gone")
    return found


def lost(slipway: Slipway, server: Server, turn: int, new: bytes) -> list[str]:
    """
    Say which changes came to their end, and are neither on the remote nor set aside.
    """
    script = "find /workspace/remote/.rescued -type f -exec sha256sum {} +"
    lines = slipway.exec("sh", "-c", script).stdout.splitlines()
    whole = sha256(new).hexdigest()
    rescued = [line.partition("/.rescued/far/")[2] for line in lines if line.startswith(whole)]
    now = contents(server.data)
    return [
        name
        for name in finished(slipway, turn)
        if new not in now[name].values()
        and not any(re.search(rf"(^|/){name}\D", f"{path}/") for path in rescued)
    ]


def twice(
    slipway: Slipway,
    before: dict[str, dict[str, bytes]],
    now: dict[str, dict[str, bytes]],
    turn: int,
) -> list[str]:
    """
    Say which files are by now on the remote under a name that they had been renamed from, too.
    """
    return [
        f"{sorted(before[name])} became {sorted(now[name])}"
        for name in finished(slipway, turn)
        if len(now[name]) > max(1, len(before[name]))
    ]


def finished(slipway: Slipway, turn: int) -> list[str]:
    """
    Return the files whose change came to its end in a round.
    """
    lines = slipway.check_output("ls", DONE).splitlines()
    return [line.partition(".")[2] for line in lines if line.startswith(f"{turn}.")]
