"""
Remotes: real rclone, real FUSE, servers with passwords.
"""

from __future__ import annotations

import contextlib
import re
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import docker
import pytest
from docker.models.containers import Container

from tests.live.conftest import PATIENCE, PREFIX, Slipway, wait_until

Start = Callable[..., Slipway]
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

    Below the top of s3's are buckets: `data` is one of them there.
    """

    def __init__(self, container: Container, data: Path, kind: str) -> None:
        self.container = container
        self.data = data
        self.kind = kind

    def inside(self, remote: str) -> str:
        """
        Return where a container has `data`, when the remote is mounted.
        """
        point = f"/workspace/remote/{remote}"
        return f"{point}/{self.data.name}" if self.kind == "s3" else point

    def variables(self, remote: str) -> dict[str, str]:
        """
        Return what makes it a remote.
        """
        prefix = f"RCLONE_CONFIG_{remote.upper()}"
        host = self.container.name
        secret = obscured("secret")
        if self.kind == "sftp":
            given = {"TYPE": "sftp", "HOST": host, "PORT": "8080", "USER": "user", "PASS": secret}
        elif self.kind == "s3":
            given = {
                "TYPE": "s3",
                "PROVIDER": "Rclone",
                "ENDPOINT": f"http://{host}:8080",
                "ACCESS_KEY_ID": "user",
                "SECRET_ACCESS_KEY": "secret",
            }
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

    One comes back when it ends by itself: now and then a panic of rclone's ends it, when a
    directory is renamed.
    """
    started: list[Container] = []

    def run(kind: str = "webdav") -> Server:
        is_s3 = kind == "s3"
        top = tmp_path / f"served-{len(started)}"
        data = top / "bucket" if is_s3 else top
        data.mkdir(parents=True)
        login = ["--auth-key", "user,secret"] if is_s3 else ["--user", "user", "--pass", "secret"]
        # fmt: off
        container = engine.containers.create(
            image, [
                "rclone", "serve", kind, "/data", "--addr", ":8080", *login,
                "--dir-cache-time", "0s",
            ],
            entrypoint=[], name=f"{PREFIX}{uuid.uuid4().hex[:12]}", network=network,
            volumes=[f"{top}:/data"], restart_policy={"Name": "on-failure"},
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
        'cat /proc/self/mountinfo; timeout 5 ls "$1" > /dev/null && echo answers; echo end'
    )
    lines = wait_until(
        lambda: (
            (said := slipway.exec("sh", "-c", script, "sh", point).stdout.splitlines())
            and said[-1] == "end"
            and said
        ),
        "a look is told whole",
    )
    escaped = point.replace(" ", r"\040")  # proc(5)
    found = (re.match(rf"(\d+) \S*rclone mount {re.escape(remote)}: ", line) for line in lines)
    pids = [int(match[1]) for match in found if match]
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
    found = []
    for path in directory.glob(f"{prefix}*"):
        with contextlib.suppress(FileNotFoundError):  # a server renames what is whole
            found.append(path.stat().st_size)
    return found


def wait_arrived(file: Path) -> None:
    """
    Wait until a server has a file with content: it is there before anything is in it.
    """
    wait_until(lambda: file.exists() and file.stat().st_size, f"{file} arrives")
