"""
Kills of rclone, of its program and of the container.

Where a figure is how soon a mount is readable again, the median of the rounds has to keep it, and
every round a multiple: machines are shared. `ROUNDS=30 pytest -k kill --junitxml x.xml` writes the
figures down.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import pytest

from tests.live.conftest import Slipway, wait_until

from .conftest import DISK, FUSE, Server, Start, cache_of, look, sizes, state, wait_mounted

# Kills and cut-off edits in a row; ROUNDS=30 is what the guarantee was measured with
ROUNDS = int(os.environ.get("ROUNDS", "2"))


def kept(
    record: Callable[[str, object], None],
    name: str,
    seconds: list[float],
    *,
    most: float,
    looks: list[float],
) -> bool:
    """
    Tell whether a figure is kept, and write it down.

    + looks: what a look at the mount costs on this machine now, of which a few are in each figure
    """
    record(
        name,
        f"median {median(seconds):.1f} s, most {max(seconds):.1f} s of {len(seconds)}; "
        f"a look costs {median(looks):.1f} s",
    )
    return median(seconds) <= most + 5 * median(looks)


def ran_for(slipway: Slipway, pid: int) -> int:
    """
    Return for how many seconds a process has run.
    """
    return int(slipway.exec("ps", "-o", "etimes=", "-p", str(pid)).stdout or 0)


def test_a_killed_mount_comes_back_and_loses_nothing(
    start: Start,
    serve: Callable[..., Server],
    network: str,
    record_property: Callable[[str, object], None],
) -> None:
    """
    SIGKILL of rclone after ten seconds, right after the last close: readable within 5 s, mounted
    once, and within 20 s all of twenty files are there, and whole.
    """
    server = serve()
    slipway = start(environment=server.variables("far"), network=network, **FUSE)
    pid = wait_mounted(slipway)
    readable, arrived, looks = [], [], []
    for turn in range(ROUNDS):
        began = time.monotonic()
        look(slipway)
        looks.append(time.monotonic() - began)
        wait_until(lambda: ran_for(slipway, pid) >= 10, "it has run for ten seconds")  # noqa: B023 - asked at once
        write_and_kill = (
            "import os, signal\n"
            f"for number in range(20):\n"
            f"    with open(f'/workspace/remote/far/{turn}-{{number}}', 'wb') as file:\n"
            "        file.write(os.urandom(20000))\n"
            f"os.kill({pid}, signal.SIGKILL)\n"
        )
        slipway.check_output("python3", "-c", write_and_kill)
        killed = time.monotonic()
        pid = wait_mounted(slipway, after=pid)
        readable.append(time.monotonic() - killed)
        wait_until(lambda: sizes(server.data, f"{turn}-") == [20_000] * 20, "all are whole", 60)  # noqa: B023
        arrived.append(time.monotonic() - killed)

    assert kept(record_property, "readable after a kill", readable, most=5, looks=looks)
    kept(record_property, "twenty files after a kill", arrived, most=20, looks=looks)
    assert max(arrived) <= 20
    assert look(slipway).entries == 1
    assert slipway.as_json("slipway", "status", "--json")["rescued"] == []


def test_what_a_kill_between_two_steps_leaves(
    start: Start, serve: Callable[..., Server], network: str
) -> None:
    """
    Laid into the cache, as no kill hits such an instant on demand: an empty new file arrives; a
    file that replaced a cached one, and one read in part that the remote has no more, are set
    aside. A file that was read in part stays where it is.
    """
    server = serve()
    (server.data / "read").write_bytes(b"r" * 50_000_000)
    (server.data / "replaced").write_bytes(b"old")
    slipway = start(environment=server.variables("far"), network=network, **FUSE)
    wait_mounted(slipway)
    slipway.check_output("cat", "/workspace/remote/far/replaced")
    slipway.check_output("head", "-c", "1000", "/workspace/remote/far/read")
    slipway.check_output("supervisorctl", "stop", "remote-far")
    lay = (
        "cd /workspace/remote/.cache/far/vfs/far*/ && echo longer > new && mv new replaced && "
        "touch empty && echo x > holes && truncate -s 1000000 holes && "
        "cd ../../vfsMeta/far*/ && touch empty holes"
    )
    slipway.check_output("sh", "-c", lay)
    slipway.check_output("supervisorctl", "start", "remote-far")
    wait_mounted(slipway)
    wait_until((server.data / "empty").exists, "the empty one arrives")

    assert (server.data / "empty").stat().st_size == 0
    assert (server.data / "replaced").read_bytes() == b"old"
    assert not (server.data / "holes").exists()
    rescued = "/workspace/remote/.rescued/far"
    assert slipway.as_json("slipway", "status", "--json")["rescued"] == [
        f"{rescued}/holes",
        f"{rescued}/replaced",
    ]
    assert slipway.check_output("cat", f"{rescued}/replaced") == "longer\n"
    assert "far: holes has parts that nobody has written or read" in slipway.logs()
    slipway.check_output("sh", "-c", "test -e /workspace/remote/.cache/far/vfs/far*/read")


def test_an_edit_that_is_cut_off_is_never_mixed_in(
    start: Start, serve: Callable[..., Server], network: str
) -> None:
    """
    A hundred bytes changed inside a 5 MB file and rclone killed: the remote has the old file or the
    new one, and where the edit did not arrive it is in the rescue folder and in `status`.
    """
    server = serve()
    size, edit = 5_000_000, b"E" * 100
    old = b"o" * size
    new = old[: size // 2] + edit + old[size // 2 + len(edit) :]
    for turn in range(ROUNDS):
        (server.data / f"{turn}").write_bytes(old)
    slipway = start(environment=server.variables("far"), network=network, **FUSE)
    pid = wait_mounted(slipway)
    for turn in range(ROUNDS):
        change_and_kill = (
            "import os, signal\n"
            f"with open('/workspace/remote/far/{turn}', 'r+b') as file:\n"
            f"    {turn} % 2 and file.read()\n"  # in every other round it is in the cache
            f"    file.seek({size // 2})\n"
            f"    file.write({edit!r})\n"
            "    file.flush()\n"
            f"    os.kill({pid}, signal.SIGKILL)\n"
            "    os._exit(0)\n"
        )
        slipway.check_output("python3", "-c", change_and_kill)
        pid = wait_mounted(slipway, after=pid)
        wait_until(lambda: state(slipway)["pending"] == 0, "nothing waits", 60)
        rescued = Path(f"/workspace/remote/.rescued/far/{turn}")
        file = server.data / f"{turn}"

        assert file.read_bytes() in (old, new)
        if file.read_bytes() == old:
            assert str(rescued) in slipway.as_json("slipway", "status", "--json")["rescued"]
            script = f"import sys; sys.exit({edit!r} not in open({str(rescued)!r}, 'rb').read())"
            slipway.check_output("python3", "-c", script)


def test_an_edit_after_a_kill_is_one_of_the_whole_file(
    start: Start, serve: Callable[..., Server], network: str
) -> None:
    """
    A file that waits through a kill, and is listed while it is uploaded: it is shown whole then,
    and what is appended comes behind all of it.
    """
    server = serve()
    size, first, second = 12_000_000, b"1" * 100_000, b"2" * 100_000
    (server.data / "f").write_bytes(b"o" * size)
    slow = {"RCLONE_BWLIMIT": "4M"}
    slipway = start(environment={**server.variables("far"), **slow}, network=network, **FUSE)
    pid = wait_mounted(slipway)
    append = "head -c 100000 /dev/zero | tr '\\0' $1 >> /workspace/remote/far/f"
    kill = f"cat /workspace/remote/far/f > /dev/null; {append}; sleep 0.2; kill -KILL $2"
    slipway.check_output("sh", "-c", kill, "sh", "1", str(pid))
    wait_mounted(slipway, after=pid)  # it lists the directory
    wait_until(lambda: state(slipway)["pending"] == 0, "it is uploaded", 60)
    shown = slipway.check_output("stat", "-c", "%s", "/workspace/remote/far/f")
    slipway.check_output("sh", "-c", append, "sh", "2")
    wait_until(lambda: state(slipway)["pending"] == 0, "the second, too", 60)

    assert int(shown) == size + len(first)
    assert (server.data / "f").read_bytes() == b"o" * size + first + second


def test_a_killed_container_with_a_mount_seen_outside(
    start: Start, serve: Callable[..., Server], network: str, shared: Path
) -> None:
    """
    A shell that sits in the mount and a restart; files just written and `docker kill`, which leaves
    a dead mount on the host: each time mounted again within ten seconds, once, and nothing is lost.
    """
    server = serve()
    slipway = start(
        environment=server.variables("far"),
        network=network,
        volumes=[f"{shared}:/workspace:rshared"],
        **FUSE,
    )
    pid = wait_mounted(slipway)
    slipway.container.exec_run(
        ["sh", "-c", "cd /workspace/remote/far && exec sleep 1000"], detach=True
    )
    wait_until(lambda: slipway.exec("pgrep", "-x", "sleep").code == 0, "a shell inside")
    slipway.container.restart(timeout=10)
    pid = wait_mounted(slipway, after=pid, seconds=10)
    script = "for i in $(seq 20); do head -c 100000 /dev/urandom > /workspace/remote/far/$i; done"
    slipway.check_output("sh", "-c", script)
    slipway.container.kill()
    slipway.container.wait()
    with pytest.raises(OSError, match="not connected"):
        (shared / "remote/far").stat()
    slipway.container.start()
    wait_mounted(slipway, seconds=10)

    wait_until(lambda: sizes(server.data) == [100_000] * 20, "all of them arrive")
    entries = Path("/proc/self/mountinfo").read_text().count(f"{shared}/remote/far ")
    assert entries == 1
    assert len(list((shared / "remote/far").iterdir())) == 20


def test_a_program_that_is_killed_is_replaced(start: Start) -> None:
    """
    SIGKILL of `slipway mount` itself: rclone dies with it, the next one has the same cache.
    """
    slipway = start(environment=DISK, **FUSE)
    pid = wait_mounted(slipway, "disk")
    slipway.check_output("pkill", "-KILL", "-f", "slipway mount -- disk")
    after = wait_mounted(slipway, "disk", after=pid)

    assert cache_of(slipway, after) == "/workspace/remote/.cache/disk"
