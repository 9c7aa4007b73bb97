"""
Remotes: real rclone, real FUSE, servers with passwords.

Where a figure is how soon a mount is readable again, the median of the rounds has to keep it, and
every round a multiple: machines are shared. `ROUNDS=30 pytest -k kill --junitxml x.xml` writes the
figures down.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import docker
import pytest
from docker.models.containers import Container

from tests.live.conftest import PATIENCE, PREFIX, KeyPair, Slipway, wait_until

Start = Callable[..., Slipway]
# Kills and cut-off edits in a row; ROUNDS=30 is what the guarantee was measured with
ROUNDS = int(os.environ.get("ROUNDS", "2"))
RCLONE = Path(sys.executable).with_name("rclone")
DISK = {"RCLONE_CONFIG_DISK_TYPE": "alias", "RCLONE_CONFIG_DISK_REMOTE": "/etc/ssh"}
FUSE: dict[str, Any] = {
    "devices": ["/dev/fuse"],
    "cap_add": ["SYS_ADMIN"],
    "security_opt": ["apparmor:unconfined"],
}


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[Path]:
    """
    A host directory in a shared mount, so that mounts made below it inside are seen outside.
    """
    path = tmp_path / "workspace"
    path.mkdir()
    subprocess.run(["mount", "--bind", path, path], check=True)
    subprocess.run(["mount", "--make-rshared", path], check=True)
    yield path
    subprocess.run(["umount", "-R", "-l", path], check=True)


@pytest.fixture
def network(engine: docker.DockerClient) -> Iterator[str]:
    """
    A network of the test's own.
    """
    made = engine.networks.create(f"{PREFIX}{uuid.uuid4().hex[:12]}", driver="bridge")
    yield str(made.name)
    made.reload()
    for container in made.containers:
        made.disconnect(container, force=True)
    made.remove()


class Server:
    """
    A real `rclone serve` in a container of its own, with a password, on a directory of the host.
    """

    def __init__(self, container: Container, data: Path, kind: str) -> None:
        self.container = container
        self.data = data
        self.kind = kind

    def variables(self, remote: str) -> dict[str, str]:
        """
        Return what makes it a remote.
        """
        prefix = f"RCLONE_CONFIG_{remote.upper()}"
        host = self.container.name
        secret = obscured("secret")
        if self.kind == "sftp":
            given = {"TYPE": "sftp", "HOST": host, "PORT": "8080", "USER": "user", "PASS": secret}
        elif self.kind == "http":
            given = {"TYPE": "http", "URL": f"http://user:secret@{host}:8080"}
        else:
            given = {
                "TYPE": "webdav",
                "URL": f"http://{host}:8080",
                "VENDOR": "rclone",
                "USER": "user",
                "PASS": secret,
            }
        return {f"{prefix}_{name}": str(value) for name, value in given.items()}


@pytest.fixture
def serve(
    engine: docker.DockerClient, image: str, network: str, tmp_path: Path
) -> Iterator[Callable[..., Server]]:
    """
    Start servers of a kind that rclone serves.
    """
    started: list[Container] = []

    def run(kind: str = "webdav") -> Server:
        data = tmp_path / f"served-{len(started)}"
        data.mkdir()
        # fmt: off
        container = engine.containers.create(
            image, [
                "rclone", "serve", kind, "/data", "--addr", ":8080",
                "--user", "user", "--pass", "secret", "--dir-cache-time", "0s",
            ],
            entrypoint=[], name=f"{PREFIX}{uuid.uuid4().hex[:12]}", network=network,
            volumes=[f"{data}:/data"],
        )
        # fmt: on
        started.append(container)
        container.start()
        return Server(container, data, kind)

    yield run
    for container in started:
        container.remove(force=True, v=True)


def obscured(password: str) -> str:
    """
    Return a password as rclone's configuration has it.
    """
    done = subprocess.run([RCLONE, "obscure", password], check=True, capture_output=True, text=True)
    return done.stdout.strip()


class Look(NamedTuple):
    """
    A remote's mount at one moment.
    """

    pid: int  # of the rclone that serves it; 0 for none
    entries: int  # in the kernel's list
    answers: bool


def look(slipway: Slipway, remote: str = "far") -> Look:
    """
    Look at a mount, without waiting for what may never answer.
    """
    point = f"/workspace/remote/{remote}"
    script = (
        "for pid in $(pgrep -x rclone); do "
        "printf '%s ' $pid; tr '\\0' ' ' < /proc/$pid/cmdline; echo; done; "
        'cat /proc/self/mountinfo; timeout 5 ls "$1" > /dev/null && echo answers'
    )
    lines = slipway.exec("sh", "-c", script, "sh", point).stdout.splitlines()
    escaped = point.replace(" ", r"\040")  # proc(5)
    pids = [int(line.split()[0]) for line in lines if f"rclone mount {remote}: " in line]
    entries = sum(f" {escaped} " in line and " fuse.rclone " in line for line in lines)
    return Look(pids[0] if pids else 0, entries, "answers" in lines)


def wait_mounted(
    slipway: Slipway, remote: str = "far", *, after: int = 0, seconds: float = 2 * PATIENCE
) -> int:
    """
    Wait until a remote is mounted, once, by another rclone than `after`; returns that one's pid.
    """

    def is_mounted() -> int:
        seen = look(slipway, remote)
        return seen.pid if seen.pid != after and seen.answers and seen.entries == 1 else 0

    try:
        pid: int = wait_until(is_mounted, f"{remote} is mounted", seconds)
    except pytest.fail.Exception:
        sys.stderr.write(slipway.logs())  # pytest shows it with the failure
        raise
    return pid


def state(slipway: Slipway, remote: str = "far") -> dict[str, Any]:
    """
    Return what `slipway status` says of a remote.
    """

    def found() -> list[dict[str, Any]]:
        mounts = slipway.as_json("slipway", "status", "--json")["mounts"]
        return [mount for mount in mounts if mount["name"] == remote]

    (only,) = wait_until(found, f"status lists {remote}")
    return dict(only)


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


def cache_of(slipway: Slipway, pid: int) -> str:
    """
    Return the cache directory of an rclone.
    """
    words = slipway.check_output("cat", f"/proc/{pid}/cmdline").split("\0")
    return words[words.index("--cache-dir") + 1]


def sizes(directory: Path, prefix: str = "") -> list[int]:
    """
    Return the sizes of the files that a server has, those whose names begin so.
    """
    return [path.stat().st_size for path in directory.glob(f"{prefix}*")]


def test_a_remote_is_a_directory_inside_and_outside(
    start: Start, shared: Path, tmp_path: Path
) -> None:
    """
    Read and written through the mount from inside, read on the host through :rshared.
    """
    data = tmp_path / "data"
    data.mkdir()
    (data / "there").write_text("from the remote")
    slipway = start(
        environment={**DISK, "RCLONE_CONFIG_DISK_REMOTE": "/data"},
        volumes=[f"{shared}:/workspace:rshared", f"{data}:/data"],
        **FUSE,
    )
    wait_until((shared / "remote/disk/there").exists, "the mount is seen from outside")

    assert (shared / "remote/disk/there").read_text() == "from the remote"
    slipway.check_output("sh", "-c", "echo written > /workspace/remote/disk/new")
    wait_until((data / "new").exists, "what is written arrives")
    assert (data / "new").read_text() == "written\n"
    wait_until(lambda: not state(slipway, "disk")["detail"], "status finds it well")
    seen = state(slipway, "disk")
    assert seen.pop("pid") == look(slipway, "disk").pid
    assert seen == {
        "name": "disk",
        "program": "remote-disk",
        "point": "/workspace/remote/disk",
        "mounted": True,
        "pending": 0,
        "detail": "",
    }
    slipway.wait_converged()
    assert slipway.converge()["totals"]["changed"] == 0
    result = slipway.exec("slipway", "verify", "--", "-k", "remote or cache")
    assert result.code == 0, result.stdout
    slipway.container.stop(timeout=10)
    assert f"{shared}/remote/disk " not in Path("/proc/self/mountinfo").read_text()


def test_without_fuse_the_condition_is_named(start: Start) -> None:
    """
    No device: degraded, said once, healthy, and rclone still works on the command line.
    """
    slipway = start(environment=DISK)
    report = slipway.wait_converged()

    (entry,) = report["degraded"]
    assert entry["feature"] == "remotes"
    assert "--device /dev/fuse" in entry["condition"]
    assert "no  FUSE mounts" in slipway.check_output("slipway", "doctor")
    assert entry["condition"] in slipway.check_output("slipway", "status")
    assert slipway.logs().count("--device /dev/fuse") == 1
    assert "sshd_config" in slipway.check_output("bash", "-lc", "rclone lsf disk:")
    slipway.wait_healthy()


def test_a_mount_never_hides_files(start: Start, tmp_path: Path) -> None:
    """
    A directory with files in it is not mounted over; log, status and health say why, and once they
    are moved away it is mounted.
    """
    workspace = tmp_path / "workspace"
    (workspace / "remote/disk").mkdir(parents=True)
    (workspace / "remote/disk/mine").write_text("mine")
    slipway = start(environment=DISK, volumes=[f"{workspace}:/workspace"], **FUSE)
    wait_until(lambda: "has files in it" in slipway.logs(), "the refusal in the log")

    assert (workspace / "remote/disk/mine").read_text() == "mine"
    seen = state(slipway, "disk")
    assert (seen["mounted"], seen["pid"], seen["pending"]) == (False, 0, 0)
    assert "has files in it" in seen["detail"]
    slipway.wait_healthy()
    assert "remote disk /workspace/remote/disk has files in it" in slipway.health().stdout
    (workspace / "remote/disk/mine").rename(workspace / "mine")
    wait_mounted(slipway, "disk")


def test_a_mount_that_came_late_hides_no_files(
    start: Start, serve: Callable[..., Server], network: str
) -> None:
    """
    A file that a job writes while rclone is connecting: the mount is taken away again, and the file
    is there. rclone itself looks once more before it mounts, but for an option.
    """
    server = serve("sftp")
    server.container.pause()
    variables = {**server.variables("far"), "RCLONE_ALLOW_NON_EMPTY": "true"}
    slipway = start(environment=variables, network=network, **FUSE)
    wait_until(lambda: look(slipway).pid, "rclone is connecting")
    assert look(slipway).entries == 0
    slipway.check_output("sh", "-c", "echo mine > /workspace/remote/far/mine")
    server.container.unpause()
    wait_until(lambda: "has files in it" in state(slipway)["detail"], "status says why")

    assert slipway.check_output("cat", "/workspace/remote/far/mine") == "mine\n"
    assert look(slipway)[:2] == (0, 0)
    assert slipway.logs().count("has files in it") == 1
    slipway.check_output("mv", "/workspace/remote/far/mine", "/workspace/mine")
    wait_mounted(slipway)


WHERE_NOTHING_CAN_BE_WRITTEN = {
    "read-only": ("ro", "Read-only file system"),
    "full": ("size=1m,nr_inodes=2", "No space left on device"),
}


@pytest.mark.parametrize("name", WHERE_NOTHING_CAN_BE_WRITTEN)
def test_a_workspace_that_takes_nothing(start: Start, key: KeyPair, name: str) -> None:
    """
    The remote is down and says why, once; SSH works, and the container is healthy.
    """
    options, reason = WHERE_NOTHING_CAN_BE_WRITTEN[name]
    slipway = start(
        environment={**DISK, "SSH_PUBKEY": key.public},
        tmpfs={"/workspace": options},
        **FUSE,
    )
    slipway.wait_converged()
    wait_until(lambda: reason in state(slipway, "disk")["detail"], "status says why")
    slipway.wait_ssh(key)
    slipway.wait_healthy()

    assert reason in slipway.health().stdout
    assert slipway.logs().count(reason) == 1


def test_whatever_rclone_serves_is_written_and_read(
    start: Start, serve: Callable[..., Server], network: str
) -> None:
    """
    webdav, sftp, an encrypted and an aliased remote over them, and a web server, with passwords:
    written inside, read on the server, and back.
    """
    dav, sftp, web = serve("webdav"), serve("sftp"), serve("http")
    (web.data / "page").write_text("from the web")
    (sftp.data / "p").mkdir()
    slipway = start(
        environment={
            **dav.variables("dav"),
            **sftp.variables("sftp"),
            **web.variables("web"),
            "RCLONE_CONFIG_SAFE_TYPE": "crypt",
            "RCLONE_CONFIG_SAFE_REMOTE": "dav:c",
            "RCLONE_CONFIG_SAFE_PASSWORD": obscured("another"),
            "RCLONE_CONFIG_PART_TYPE": "alias",
            "RCLONE_CONFIG_PART_REMOTE": "sftp:p",
        },
        network=network,
        **FUSE,
    )
    for remote in ("dav", "sftp", "safe", "part", "web"):
        wait_mounted(slipway, remote)
    for remote in ("dav", "sftp", "safe", "part"):
        script = 'mkdir "$1/d" && echo secret > "$1/d/f"'
        slipway.check_output("sh", "-c", script, "sh", f"/workspace/remote/{remote}")

    for file in (dav.data / "d/f", sftp.data / "d/f", sftp.data / "p/d/f"):
        wait_until(file.exists, f"{file} arrives")
        assert file.read_text() == "secret\n"
    (encrypted,) = wait_until(lambda: list(dav.data.glob("c/*/*")), "the encrypted one arrives")
    assert b"secret" not in encrypted.read_bytes()
    slipway.restart()
    wait_mounted(slipway, "safe")
    assert slipway.check_output("cat", "/workspace/remote/safe/d/f") == "secret\n"
    wait_mounted(slipway, "web")
    assert slipway.check_output("cat", "/workspace/remote/web/page") == "from the web"


def test_a_users_options_reach_rclone_but_for_those_that_keep_it_safe(start: Start) -> None:
    """
    Read-only, another uid and a level of the log: as rclone's manual says. Cache mode, cache
    directory, remote control and daemon mode are refused by name, and have no effect.
    """
    unsafe = {
        "RCLONE_VFS_CACHE_MODE": "off",
        "RCLONE_CACHE_DIR": "/tmp/cache",
        "RCLONE_RC_ADDR": ":5572",
        "RCLONE_RC_USER": "user",
        "RCLONE_DAEMON": "true",
    }
    options = {"RCLONE_READ_ONLY": "true", "RCLONE_UID": "77", "RCLONE_VERBOSE": "1"}
    slipway = start(environment={**DISK, **options, **unsafe}, **FUSE)
    wait_mounted(slipway, "disk")
    file = "/workspace/remote/disk/sshd_config"

    assert slipway.check_output("stat", "-c", "%u", file) == "77\n"
    assert "Read-only file system" in slipway.exec("touch", f"{file}.new").stderr
    report = slipway.wait_converged()
    assert {entry["variable"] for entry in report["refusals"]} == set(unsafe)
    wait_until(lambda: state(slipway, "disk")["pending"] == 0, "its remote control answers")
    assert slipway.exec("test", "-e", "/tmp/cache").code == 1


def test_a_stop_uploads_what_waits(
    start: Start, serve: Callable[..., Server], network: str
) -> None:
    """
    Twenty files written and the container stopped at once: all of them are on the server, and the
    stop ends with 0. rclone alone would wait five seconds before it begins, and ends without.
    """
    server = serve()
    slipway = start(environment=server.variables("far"), network=network, **FUSE)
    wait_mounted(slipway)
    script = "for i in $(seq 20); do head -c 100000 /dev/urandom > /workspace/remote/far/$i; done"
    slipway.check_output("sh", "-c", script)
    slipway.container.stop(timeout=10)
    slipway.container.reload()

    assert slipway.container.attrs["State"]["ExitCode"] == 0
    assert {path.name: path.stat().st_size for path in server.data.iterdir()} == {
        str(number): 100_000 for number in range(1, 21)
    }


def test_a_stop_past_the_bound_loses_nothing(
    start: Start, serve: Callable[..., Server], network: str
) -> None:
    """
    The server goes, files are written, the container is stopped and started: status counts them
    though nothing is mounted, and all of them arrive when the server is back.
    """
    server = serve("sftp")
    slipway = start(environment=server.variables("far"), network=network, **FUSE)
    wait_mounted(slipway)
    server.container.stop(timeout=1)
    script = "for i in $(seq 20); do head -c 100000 /dev/urandom > /workspace/remote/far/$i; done"
    slipway.check_output("sh", "-c", script)
    slipway.container.stop(timeout=20)
    assert "20 files are not uploaded yet" in slipway.logs()
    assert sizes(server.data) == []
    slipway.container.start()
    wait_until(lambda: state(slipway)["pending"] == 20, "status counts what waits")
    assert not state(slipway)["mounted"]
    server.container.start()

    wait_until(lambda: sizes(server.data) == [100_000] * 20, "all of them arrive", 60)
    assert slipway.as_json("slipway", "status", "--json")["rescued"] == []


def test_all_remotes_are_drained_at_once(
    start: Start, serve: Callable[..., Server], network: str
) -> None:
    """
    Three that hang, with files to upload: the stop is over before two of them could have had their
    time one after the other.
    """
    servers = {name: serve() for name in ("one", "two", "three")}
    variables = {
        name: value
        for remote, server in servers.items()
        for name, value in server.variables(remote).items()
    }
    bound = 10
    slipway = start(
        environment={**variables, "SLIPWAY_DRAIN_SECONDS": str(bound)}, network=network, **FUSE
    )
    for remote in servers:
        wait_mounted(slipway, remote)
    for remote, server in servers.items():
        server.container.pause()
        slipway.check_output("sh", "-c", f"echo x > /workspace/remote/{remote}/f")
    began = time.monotonic()
    slipway.container.stop(timeout=5 * bound)
    seconds = time.monotonic() - began
    slipway.container.reload()
    for server in servers.values():
        server.container.unpause()

    assert slipway.logs().count("1 files are not uploaded yet") == len(servers)
    assert slipway.container.attrs["State"]["ExitCode"] == 0
    assert bound < seconds < 2 * bound


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


def test_a_second_program_of_a_remote_is_refused(start: Start) -> None:
    """
    `slipway mount NAME` by hand: the one that runs goes on, and the way to begin anew is named.
    """
    slipway = start(environment=DISK, **FUSE)
    pid = wait_mounted(slipway, "disk")
    result = slipway.exec("timeout", "20", "slipway", "mount", "disk")

    assert (result.code, look(slipway, "disk")) == (1, (pid, 1, True))
    assert "supervisorctl restart remote-disk" in result.stderr
    slipway.check_output("supervisorctl", "restart", "remote-disk")
    wait_mounted(slipway, "disk", after=pid)


def test_one_remote_down_costs_no_other_and_comes_back(
    start: Start, serve: Callable[..., Server], network: str, key: KeyPair
) -> None:
    """
    Health stays bounded and good and names it, SSH works, and the remote is readable once it
    answers again: one that mounts without its server, and one that does not.
    """
    up, dav, sftp = serve(), serve(), serve("sftp")
    for server in (dav, sftp):
        (server.data / "there").write_text("x")
        server.container.stop(timeout=1)
    slipway = start(
        environment={
            "SSH_PUBKEY": key.public,
            **up.variables("up"),
            **dav.variables("dav"),
            **sftp.variables("sftp"),
        },
        network=network,
        **FUSE,
    )
    wait_mounted(slipway, "up")
    slipway.wait_ssh(key)
    wait_until(
        lambda: "remote dav does not answer, remote sftp " in slipway.health().stdout,
        f"named by health: {slipway.health()}",
    )
    began = time.monotonic()
    assert slipway.health().code == 0
    assert time.monotonic() - began < 5  # as the image's HEALTHCHECK has it
    for server in (dav, sftp):
        server.container.start()
    for remote in ("dav", "sftp"):
        words = ("timeout", "5", "cat", f"/workspace/remote/{remote}/there")
        wait_until(lambda: slipway.exec(*words).stdout == "x", f"{remote} is readable again", 30)  # noqa: B023
    wait_until(lambda: slipway.health().stdout == "healthy\n", "no note any more", 60)


def test_remotes_come_and_go_while_it_runs(start: Start, tmp_path: Path) -> None:
    """
    `rclone config create`, an edited rclone.conf, and `slipway converge`: the new ones are mounted,
    the old one and its directory are gone, one whose options changed is mounted anew, the others
    are not restarted. A broken file changes nothing.
    """
    configuration = tmp_path / "rclone"
    configuration.mkdir()
    file = configuration / "rclone.conf"
    stays, goes, comes = (f"[{name}]\ntype = alias\nremote = /etc/ssh\n" for name in "abc")
    file.write_text(stays + goes)
    slipway = start(volumes=[f"{configuration}:/etc/rclone"], **FUSE)
    pid = wait_mounted(slipway, "a")
    wait_mounted(slipway, "b")
    slipway.check_output("rclone", "config", "create", "made", "alias", "remote=/etc/ssh")
    assert slipway.converge()["totals"]["failed"] == 0
    wait_mounted(slipway, "made")
    file.write_text(stays + comes)
    assert slipway.converge()["totals"]["failed"] == 0
    changed = wait_mounted(slipway, "c")

    assert look(slipway, "b") == (0, 0, False)
    assert slipway.exec("test", "-e", "/workspace/remote/b").code == 1
    assert look(slipway, "a").pid == pid
    file.write_text(stays + comes.replace("/etc/ssh", "/etc/supervisor"))
    assert slipway.converge()["totals"]["failed"] == 0
    wait_mounted(slipway, "c", after=changed)
    assert "conf.d" in slipway.check_output("ls", "/workspace/remote/c")
    assert slipway.converge()["totals"]["changed"] == 0
    file.write_text("[broken\n= = =")
    report = slipway.converge()
    assert [entry["feature"] for entry in report["degraded"]] == ["remotes"]
    assert look(slipway, "a") == (pid, 1, True)
    assert look(slipway, "c").answers
    assert file.read_text() == "[broken\n= = ="


def test_odd_names_are_mounted_or_refused_by_name(start: Start, tmp_path: Path) -> None:
    """
    `a b` and `ü` are directories; what rclone rejects, takes for a flag or a parent, and our own
    directory are not.
    """
    configuration = tmp_path / "rclone"
    configuration.mkdir()
    refused = ["x;y", "-z", "..", ".cache", ".rescued"]
    sections = [
        f"[{name}]\ntype = alias\nremote = /etc/ssh\n" for name in ("a b", "ü", "a_b", *refused)
    ]
    (configuration / "rclone.conf").write_text("".join(sections))
    slipway = start(volumes=[f"{configuration}:/etc/rclone"], **FUSE)
    report = slipway.wait_converged()
    for name in ("a b", "ü", "a_b"):
        wait_mounted(slipway, name)

    assert {entry["feature"] for entry in report["degraded"]} == {
        f"remote {name!r}" for name in refused
    }
    assert slipway.converge()["totals"]["changed"] == 0


def test_two_containers_share_a_workspace_and_no_cache(
    start: Start, serve: Callable[..., Server], network: str, tmp_path: Path
) -> None:
    """
    Each rclone has a write cache of its own. What a container that is gone for good left waiting in
    its cache is uploaded by the next one that mounts the remote.
    """
    server = serve()
    workspace = tmp_path / "workspace"
    workspace.mkdir()

    def another() -> tuple[Slipway, int]:
        slipway = start(
            environment=server.variables("far"),
            network=network,
            volumes=[f"{workspace}:/workspace"],
            **FUSE,
        )
        return slipway, wait_mounted(slipway)

    (first, pid), (second, second_pid) = another(), another()
    cache = "/workspace/remote/.cache/far"
    assert [cache_of(first, pid), cache_of(second, second_pid)] == [cache, f"{cache}~2"]
    second.check_output(
        "sh", "-c", "mkdir /workspace/remote/far/d; echo x > /workspace/remote/far/d/f"
    )
    second.container.remove(force=True, v=True)
    assert not (server.data / "d/f").exists()
    first.container.restart(timeout=10)
    wait_mounted(first)

    wait_until((server.data / "d/f").exists, "the first has taken it over")
    assert (server.data / "d/f").read_text() == "x\n"


def test_two_containers_in_one_shared_mount(start: Start, shared: Path, tmp_path: Path) -> None:
    """
    Where mounts made in one are seen in the other, the second uses the first's and does not take it
    away; when the first is gone, it mounts the remote itself.
    """
    volumes = [f"{shared}:/workspace:rshared"]
    first = start(environment=DISK, volumes=volumes, **FUSE)
    pid = wait_mounted(first, "disk")
    second = start(environment=DISK, volumes=volumes, **FUSE)
    wait_until(lambda: "by another" in state(second, "disk")["detail"], "the second knows")

    assert second.exec("test", "-e", "/workspace/remote/disk/sshd_config").code == 0
    assert look(first, "disk") == (pid, 1, True)
    first.container.kill()
    wait_mounted(second, "disk")


def test_what_waits_survives_a_change_of_options(
    start: Start, serve: Callable[..., Server], network: str, tmp_path: Path
) -> None:
    """
    A remote made of variables has a cache folder with a hash of its options: what waited in the old
    one is uploaded under the new ones.
    """
    server = serve()
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    options: dict[str, Any] = {"network": network, "volumes": [f"{workspace}:/workspace"], **FUSE}
    before = start(environment=server.variables("far"), **options)
    wait_mounted(before)
    before.check_output(
        "sh", "-c", "echo x > /workspace/remote/far/f; echo y > '/workspace/remote/far/a b'"
    )
    before.container.remove(force=True, v=True)
    assert sizes(server.data) == []
    changed = {"RCLONE_CONFIG_FAR_OWNCLOUD_EXCLUDE_SHARES": "true"}
    start(environment={**server.variables("far"), **changed}, **options)
    wait_until(lambda: sizes(server.data) == [2, 2], "both arrive")

    folders = list((workspace / "remote/.cache/far/vfs").iterdir())
    assert len(folders) == 2, folders


def test_what_waits_is_never_written_to_another_place(
    start: Start, serve: Callable[..., Server], network: str, tmp_path: Path
) -> None:
    """
    Two remotes with files that wait, their server down. An alias gets another target: its file is
    set aside. A remote that is no more configured: status names its cache, and when it is
    configured again its file arrives.
    """
    old, new = serve("sftp"), serve("webdav")
    for server, directory in ((old, "p"), (new, "q")):
        (server.data / directory).mkdir()
    alias = {"RCLONE_CONFIG_PART_TYPE": "alias", "RCLONE_CONFIG_PART_REMOTE": "far:p"}
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    options: dict[str, Any] = {"network": network, "volumes": [f"{workspace}:/workspace"], **FUSE}
    before = start(environment={**old.variables("far"), **alias}, **options)
    for remote in ("far", "part"):
        wait_mounted(before, remote)
    old.container.stop(timeout=1)
    for remote in ("far", "part"):
        before.check_output("sh", "-c", f"echo {remote} > /workspace/remote/{remote}/f")
    before.container.remove(force=True, v=True)
    changed = {**new.variables("dav"), **alias, "RCLONE_CONFIG_PART_REMOTE": "dav:q"}
    after = start(environment=changed, **options)
    wait_mounted(after, "part")
    wait_until(lambda: state(after, "part")["pending"] == 0, "nothing waits")
    seen = after.as_json("slipway", "status", "--json")

    (rescued,) = seen["rescued"]
    assert after.check_output("cat", rescued) == "part\n"
    assert "was written when the remote was another place (far" in after.logs()
    assert seen["unused_caches"] == {"/workspace/remote/.cache/far": 1}
    assert "/far: 1 files in it wait" in after.check_output("slipway", "status")
    assert list((new.data / "q").iterdir()) == []
    old.container.start()
    after.container.remove(force=True, v=True)
    again = start(environment=old.variables("far"), **options)
    wait_until((old.data / "f").exists, "it arrives")
    assert (old.data / "f").read_text() == "far\n"
    assert again.as_json("slipway", "status", "--json")["unused_caches"] == {}


def test_no_secret_is_readable_by_others(
    start: Start, serve: Callable[..., Server], network: str, tmp_path: Path
) -> None:
    """
    Passwords, obscured or in an address, and tokens of file and variables, in use: in no log,
    argument, report or output, and in no file that others can read, whatever mode the
    configuration's mount brought.
    """
    server = serve()
    configuration = tmp_path / "rclone"
    configuration.mkdir()
    file = configuration / "rclone.conf"
    url = server.variables("far")["RCLONE_CONFIG_FAR_URL"]
    password, token, in_address = obscured("secret"), "canary-of-a-token", "canary-in-an-address"
    file.write_text(
        f"[far]\ntype = webdav\nurl = {url}\nvendor = rclone\nuser = user\npass = {password}\n"
        f"[tok]\ntype = webdav\nurl = {url}\nbearer_token = {token}\n"
        f"[web]\ntype = http\nurl = {serve('http').variables('web')['RCLONE_CONFIG_WEB_URL']}\n"
        f"[bad]\ntype = http\nurl = http://user:{in_address}@nobody.invalid:8080\n"
    )
    file.chmod(0o644)
    variables = server.variables("env")
    slipway = start(
        environment=variables, network=network, volumes=[f"{configuration}:/etc/rclone"], **FUSE
    )
    wait_mounted(slipway, "far")
    wait_mounted(slipway, "env")
    wait_mounted(slipway, "web")
    wait_until(
        lambda: state(slipway, "tok")["detail"] == "does not answer", "refused by the server"
    )
    slipway.check_output("sh", "-c", "echo x > /workspace/remote/far/f")
    outputs = [slipway.logs(), str(slipway.converge())]
    asked = ["status --json", "check --json", "settings", "doctor --json", "health --json"]
    outputs += [slipway.exec("slipway", *words.split()).stdout for words in asked]
    outputs.append(slipway.check_output("sh", "-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '"))
    outputs.append(slipway.check_output("sh", "-c", "cat /var/log/supervisor/*"))
    outputs.append(slipway.check_output("cat", "/run/slipway/report.json"))
    canaries = [password, token, in_address, "user:secret", variables["RCLONE_CONFIG_ENV_PASS"]]
    words = [word for canary in canaries for word in ("-e", canary)]
    find = (
        "find /etc /run /tmp /var /root /workspace -xdev -type f -perm /044 -print0 "
        '| xargs -0 grep -lF "$@" --'
    )

    assert all(canary not in output for canary in canaries for output in outputs)
    assert slipway.exec("sh", "-c", find, "sh", *words).stdout == ""
    assert file.stat().st_mode & 0o777 == 0o600
    assert slipway.converge()["totals"]["changed"] == 0


def test_a_configuration_that_can_not_be_closed_is_named(start: Start, tmp_path: Path) -> None:
    """
    Mounted read-only and readable by everybody: used, left as it is, and said.
    """
    file = tmp_path / "rclone.conf"
    file.write_text("[disk]\ntype = alias\nremote = /etc/ssh\n")
    file.chmod(0o644)
    slipway = start(volumes=[f"{file}:/etc/rclone/rclone.conf:ro"], **FUSE)
    report = slipway.wait_converged()
    wait_mounted(slipway, "disk")

    assert [entry["feature"] for entry in report["degraded"]] == ["rclone.conf"]
    assert report["totals"]["failed"] == 0
    assert file.stat().st_mode & 0o777 == 0o644


def test_the_configurations_page_opens_from_outside(start: Start) -> None:
    """
    `rclone authorize` waits for a browser: its page answers at the mapped port, while it runs and
    only then.
    """
    slipway = start(ports={"53682/tcp": ("127.0.0.1", None)})
    slipway.wait_converged()
    port = slipway.port(53682)

    def answers() -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5) as page:
            page.sendall(b"GET /auth?state=x HTTP/1.0\r\nHost: localhost\r\n\r\n")
            return page.recv(5) == b"HTTP/"
        return False

    assert not answers()
    slipway.container.exec_run(
        ["sh", "-c", "exec rclone authorize drive --auth-no-open-browser"], detach=True
    )
    wait_until(answers, "the page answers")
    slipway.exec("pkill", "-x", "rclone")
    wait_until(lambda: not answers(), "the relay ends with rclone")


def test_where_fuse_is_not_allowed_a_remote_may_be_copied(
    start: Start, serve: Callable[..., Server], network: str
) -> None:
    """
    SLIPWAY_REMOTE_SYNC: fetched at the start, pushed while it runs, at the stop and after a kill;
    nothing is deleted on either side, nor is an edit made there while the container is stopped.
    """
    server = serve()
    folder = server.data / "Project #1 ;x"
    folder.mkdir()
    (folder / "there").write_text("from the remote")
    slipway = start(
        environment={**server.variables("far"), "SLIPWAY_REMOTE_SYNC": "far:Project #1 ;x"},
        network=network,
    )
    point = "/workspace/remote/far"
    wait_until(lambda: slipway.exec("cat", f"{point}/there").stdout == "from the remote", "fetched")
    slipway.check_output("sh", "-c", f"echo new > '{point}/a b'; rm {point}/there")
    wait_until((folder / "a b").exists, "pushed")
    wait_until(lambda: state(slipway)["pending"] == 0, "status knows it")
    slipway.check_output("sh", "-c", f"echo last > {point}/last")
    slipway.container.stop(timeout=10)

    assert (folder / "last").read_text() == "last\n"
    assert (folder / "there").read_text() == "from the remote"
    (folder / "last").write_text("an edit there\n")
    slipway.container.start()
    wait_until(lambda: slipway.exec("test", "-e", f"{point}/there").code == 0, "fetched again")
    wait_until(lambda: slipway.exec("cat", f"{point}/last").stdout == "an edit there\n", "too")
    assert slipway.check_output("cat", "/workspace/remote/.rescued/far/last") == "last\n"
    slipway.check_output("sh", "-c", f"echo changed > {point}/last")
    slipway.container.kill()
    slipway.container.start()
    wait_until(lambda: (folder / "last").read_text() == "changed\n", "pushed again")
