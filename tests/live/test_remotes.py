"""
Remotes: real rclone, real FUSE.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
from docker.models.containers import Container

from .conftest import PREFIX, KeyPair, Slipway, wait_until

Start = Callable[..., Slipway]
# Kills and cut-off edits in a row; ROUNDS=30 is what the guarantee was measured with
ROUNDS = int(os.environ.get("ROUNDS", "3"))
RCLONE = Path(sys.executable).with_name("rclone")
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
        environment={"RCLONE_CONFIG_DISK_TYPE": "alias", "RCLONE_CONFIG_DISK_REMOTE": "/data"},
        volumes=[f"{shared}:/workspace:rshared", f"{data}:/data"],
        **FUSE,
    )
    wait_until((shared / "remote/disk/there").exists, "the mount is seen from outside")

    assert (shared / "remote/disk/there").read_text() == "from the remote"
    slipway.check_output("sh", "-c", "echo written > /workspace/remote/disk/new")
    wait_until((data / "new").exists, "what is written arrives")
    assert (data / "new").read_text() == "written\n"
    mounts = slipway.as_json("slipway", "status", "--json")["mounts"]
    assert mounts == [{"point": "/workspace/remote/disk", "pending": 0}]
    assert slipway.converge()["totals"]["changed"] == 0
    result = slipway.exec("slipway", "verify", "--", "-k", "remote or cache")
    assert result.code == 0, result.stdout
    slipway.container.stop(timeout=10)
    assert "fuse.rclone" not in Path("/proc/self/mountinfo").read_text()


def test_without_fuse_the_condition_is_named(start: Start) -> None:
    """
    No device: degraded, healthy, and rclone still works on the command line.
    """
    slipway = start(
        environment={"RCLONE_CONFIG_DISK_TYPE": "alias", "RCLONE_CONFIG_DISK_REMOTE": "/etc/ssh"}
    )
    report = slipway.wait_converged()

    (entry,) = report["degraded"]
    assert entry["feature"] == "remotes"
    assert "--device /dev/fuse" in entry["condition"]
    assert "no  FUSE mounts" in slipway.check_output("slipway", "doctor")
    assert "sshd_config" in slipway.check_output("bash", "-lc", "rclone lsf disk:")
    slipway.wait_healthy()


def test_a_mount_never_hides_files(start: Start, tmp_path: Path) -> None:
    """
    A directory with files in it is not mounted over, and the log says why.
    """
    workspace = tmp_path / "workspace"
    (workspace / "remote/disk").mkdir(parents=True)
    (workspace / "remote/disk/mine").write_text("mine")
    slipway = start(
        environment={"RCLONE_CONFIG_DISK_TYPE": "alias", "RCLONE_CONFIG_DISK_REMOTE": "/etc/ssh"},
        volumes=[f"{workspace}:/workspace"],
        **FUSE,
    )
    wait_until(lambda: "has files in it" in slipway.logs(), "the refusal in the log")

    assert (workspace / "remote/disk/mine").read_text() == "mine"
    assert slipway.as_json("slipway", "status", "--json")["mounts"] == []


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
        secret = subprocess.run(
            [RCLONE, "obscure", "secret"], check=True, capture_output=True, text=True
        ).stdout.strip()
        if self.kind == "sftp":
            given = {"TYPE": "sftp", "HOST": host, "PORT": "8080", "USER": "user", "PASS": secret}
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


def is_mounted(slipway: Slipway, remote: str) -> bool:
    """
    Tell whether a remote answers where it is mounted.
    """
    point = f"/workspace/remote/{remote}"
    escaped = point.replace(" ", r"\040")  # proc(5)
    there = f" {escaped} " in slipway.check_output("cat", "/proc/self/mountinfo")
    return there and slipway.exec("timeout", "5", "ls", point).code == 0


@pytest.mark.parametrize("kind", ["webdav", "sftp"])
def test_a_served_remote_is_written_and_read(
    start: Start, serve: Callable[..., Server], network: str, kind: str
) -> None:
    """
    Over the network and with a password: written inside, read on the server, and back.
    """
    server = serve(kind)
    slipway = start(environment=server.variables("far"), network=network, **FUSE)
    wait_until(lambda: is_mounted(slipway, "far"), "mounted")
    slipway.check_output(
        "sh", "-c", "mkdir /workspace/remote/far/d; echo x > /workspace/remote/far/d/f"
    )
    wait_until((server.data / "d/f").exists, "the file arrives")

    assert (server.data / "d/f").read_text() == "x\n"


def test_a_stop_uploads_what_waits(
    start: Start, serve: Callable[..., Server], network: str
) -> None:
    """
    Twenty files written and the container stopped at once: all of them are on the server, and the
    stop ends with 0. rclone alone would wait five seconds before it begins, and ends without.
    """
    server = serve()
    slipway = start(environment=server.variables("far"), network=network, **FUSE)
    wait_until(lambda: is_mounted(slipway, "far"), "mounted")
    script = "for i in $(seq 20); do head -c 100000 /dev/urandom > /workspace/remote/far/$i; done"
    slipway.check_output("sh", "-c", script)
    slipway.container.stop(timeout=10)
    slipway.container.reload()

    assert slipway.container.attrs["State"]["ExitCode"] == 0
    assert {path.name: path.stat().st_size for path in server.data.iterdir()} == {
        str(number): 100_000 for number in range(1, 21)
    }


def test_a_killed_mount_comes_back_and_loses_nothing(
    start: Start, serve: Callable[..., Server], network: str
) -> None:
    """
    SIGKILL of rclone right after the last close: mounted again, once, and every file arrives.
    """
    server = serve()
    slipway = start(environment=server.variables("far"), network=network, **FUSE)
    wait_until(lambda: is_mounted(slipway, "far"), "mounted")
    for turn in range(ROUNDS):
        write_and_kill = (
            "import os, signal, subprocess, time\n"
            "pid = int(subprocess.check_output(['pgrep', '-x', 'rclone']))\n"
            f"for number in range(20):\n"
            f"    with open(f'/workspace/remote/far/{turn}-{{number}}', 'wb') as file:\n"
            "        file.write(os.urandom(20000))\n"
            "os.kill(pid, signal.SIGKILL)\n"
        )
        slipway.check_output("python3", "-c", write_and_kill)
        wait_until(lambda: is_mounted(slipway, "far"), "mounted again", 30)
        wait_until(lambda: len(list(server.data.iterdir())) == 20 * (turn + 1), "all arrive", 60)  # noqa: B023 - asked at once

    mounts = slipway.check_output("cat", "/proc/self/mountinfo")
    assert mounts.count("/workspace/remote/far ") == 1
    assert {path.stat().st_size for path in server.data.iterdir()} == {20_000}


def test_one_remote_down_costs_no_other_and_comes_back(
    start: Start, serve: Callable[..., Server], network: str, key: KeyPair
) -> None:
    """
    Health stays bounded and good, SSH works, and the remote is readable once it answers again.
    """
    up, down = serve(), serve("sftp")
    (down.data / "there").write_text("x")
    down.container.stop(timeout=1)
    slipway = start(
        environment={"SSH_PUBKEY": key.public, **up.variables("up"), **down.variables("down")},
        network=network,
        **FUSE,
    )
    wait_until(lambda: is_mounted(slipway, "up"), "the one that is up")
    slipway.wait_ssh(key)
    slipway.wait_healthy()
    down.container.start()

    wait_until(
        lambda: slipway.exec("timeout", "5", "cat", "/workspace/remote/down/there").stdout == "x",
        "readable again",
        60,
    )


def test_remotes_come_and_go_while_it_runs(start: Start, tmp_path: Path) -> None:
    """
    An edited rclone.conf and `slipway converge`: the new one is mounted, the old one and its
    directory are gone, the third is not restarted. A broken file changes nothing.
    """
    configuration = tmp_path / "rclone"
    configuration.mkdir()
    file = configuration / "rclone.conf"
    stays, goes, comes = (f"[{name}]\ntype = alias\nremote = /etc/ssh\n" for name in "abc")
    file.write_text(stays + goes)
    slipway = start(volumes=[f"{configuration}:/etc/rclone"], **FUSE)
    wait_until(lambda: is_mounted(slipway, "a") and is_mounted(slipway, "b"), "both")
    pid = slipway.check_output("supervisorctl", "pid", "remote-a")
    file.write_text(stays + comes)
    assert slipway.converge()["totals"]["failed"] == 0
    wait_until(lambda: is_mounted(slipway, "c"), "the new one")

    assert not is_mounted(slipway, "b")
    assert slipway.exec("test", "-e", "/workspace/remote/b").code == 1
    assert slipway.check_output("supervisorctl", "pid", "remote-a") == pid
    file.write_text("[broken\n= = =")
    report = slipway.converge()
    assert [entry["feature"] for entry in report["degraded"]] == ["remotes"]
    assert is_mounted(slipway, "a")
    assert is_mounted(slipway, "c")
    assert file.read_text() == "[broken\n= = ="


def test_odd_names_are_mounted_or_refused_by_name(start: Start, tmp_path: Path) -> None:
    """
    `a b` and `ü` are directories; what would be a flag, a parent or our own directory is not.
    """
    configuration = tmp_path / "rclone"
    configuration.mkdir()
    names = ["a b", "ü", "..", ".cache"]
    sections = [f"[{name}]\ntype = alias\nremote = /etc/ssh\n" for name in names]
    (configuration / "rclone.conf").write_text("".join(sections))
    slipway = start(volumes=[f"{configuration}:/etc/rclone"], **FUSE)
    report = slipway.wait_converged()
    wait_until(lambda: is_mounted(slipway, "a b") and is_mounted(slipway, "ü"), "the good ones")

    assert {entry["feature"] for entry in report["degraded"]} == {"remote '..'", "remote '.cache'"}
    assert slipway.converge()["totals"]["changed"] == 0


def test_two_containers_share_a_workspace_and_no_cache(start: Start, tmp_path: Path) -> None:
    """
    Each rclone has a write cache of its own; the second takes the first's when that is free.
    """
    environment = {"RCLONE_CONFIG_D_TYPE": "alias", "RCLONE_CONFIG_D_REMOTE": "/etc/ssh"}
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    containers = [
        start(environment=environment, volumes=[f"{workspace}:/workspace"], **FUSE)
        for _ in range(2)
    ]
    for slipway in containers:
        wait_until(lambda: is_mounted(slipway, "d"), "mounted")  # noqa: B023 - asked at once
    arguments = [
        slipway.check_output("sh", "-c", "tr '\\0' ' ' < /proc/$(pgrep -x rclone)/cmdline")
        for slipway in containers
    ]

    caches = {words.partition("--cache-dir ")[2].split()[0] for words in arguments}
    assert caches == {"/workspace/remote/.cache/d", "/workspace/remote/.cache/d~2"}


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
    file = server.data / "big"
    slipway = start(environment=server.variables("far"), network=network, **FUSE)
    for _ in range(ROUNDS):
        file.write_bytes(old)
        slipway.container.restart()  # so that nothing of it is cached as another version
        wait_until(lambda: is_mounted(slipway, "far"), "mounted")
        change_and_kill = (
            "import os, signal, subprocess\n"
            "pid = int(subprocess.check_output(['pgrep', '-x', 'rclone']))\n"
            "with open('/workspace/remote/far/big', 'r+b') as file:\n"
            f"    file.seek({size // 2})\n"
            f"    file.write({edit!r})\n"
            "os.kill(pid, signal.SIGKILL)\n"
        )
        slipway.check_output("python3", "-c", change_and_kill)
        wait_until(lambda: is_mounted(slipway, "far"), "mounted again")
        settled = wait_until(
            lambda: slipway.as_json("slipway", "status", "--json")["mounts"][0]["pending"] == 0,
            "nothing waits",
        )
        rescued = slipway.as_json("slipway", "status", "--json")["rescued"]

        assert settled
        assert file.read_bytes() in (old, new)
        assert file.read_bytes() == new or "/workspace/remote/.rescued/far/big" in rescued


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
    SLIPWAY_REMOTE_SYNC: fetched at the start, pushed while it runs and at the stop; nothing is
    deleted on either side.
    """
    server = serve()
    (server.data / "d").mkdir()
    (server.data / "d/there").write_text("from the remote")
    slipway = start(
        environment={**server.variables("far"), "SLIPWAY_REMOTE_SYNC": "far:d"}, network=network
    )
    point = "/workspace/remote/far"
    wait_until(lambda: slipway.exec("cat", f"{point}/there").stdout == "from the remote", "fetched")
    slipway.check_output("sh", "-c", f"echo new > '{point}/a b'; rm {point}/there")
    wait_until((server.data / "d/a b").exists, "pushed")
    slipway.check_output("sh", "-c", f"echo last > {point}/last")
    slipway.container.stop(timeout=10)

    assert (server.data / "d/last").read_text() == "last\n"
    assert (server.data / "d/there").read_text() == "from the remote"
