"""
The compose file by both Composes, the Dockerfile by both builders.

docker-compose 1.29 and the classic builder are Debian 12's. Compose v2 and buildx are Debian 13's,
in a container of their own that has the engine's socket and this clone at its own path.
"""

from __future__ import annotations

import io
import os
import shutil
import socket
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import docker
import pytest
from docker.models.containers import Container

from engine import base, network
from engine.project import Project
from engine.steps import Steps

ROOT = Path(__file__).parents[2]
V2_IMAGE = "slipway-test-compose-v2"
BUILT = "slipway-test-built"
SOCKET = "/var/run/docker.sock"
HEALTHY = 60  # seconds

Words = Callable[..., list[str]]

pytestmark = pytest.mark.live


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _run(words: list[str], **environment: str) -> str:
    done = subprocess.run(
        words,
        cwd=ROOT,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, f"{words}: {done.stdout[-3000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def v1() -> Words:
    """
    Debian 12's docker-compose and the client's own builder.
    """
    if shutil.which("docker-compose") is None:
        pytest.skip("docker-compose 1.29 is a package of Debian 12 and Ubuntu 22.04")
    return lambda *words: list(words)


@pytest.fixture(scope="module")
def v2(engine: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Words]:
    """
    Debian 13's Compose and builder.
    """
    folder = tmp_path_factory.mktemp("compose-v2")
    with Steps(1, io.StringIO()).step("image") as step:
        base.make(
            Project.at(folder, os.environ),
            step,
            suite="trixie",
            name=V2_IMAGE,
            include="docker-compose,docker-cli,docker-buildx",
        )

    def words(*command: str) -> list[str]:
        # fmt: off
        run = [
            "docker", "run", "--rm", "--name", f"slipway-test-{uuid.uuid4().hex[:12]}",
            "--network", "none", "--volume", f"{SOCKET}:{SOCKET}",
            "--volume", f"{ROOT}:{ROOT}", "--workdir", str(ROOT),
        ]
        # fmt: on
        names = ("COMPOSE_PROJECT_NAME", "IMAGE", "TAG", "NETWORK_MTU", "SSH_PORT", "RCLONE_PORT")
        passed = [word for name in (*names, "SSH_PUBKEY", "WORKSPACE_DIR") for word in ("-e", name)]
        return [*run, *passed, V2_IMAGE, *command]

    yield words
    engine.images.remove(V2_IMAGE, force=True)


@pytest.fixture
def stack(engine: docker.DockerClient, image: str, tmp_path: Path) -> Iterator[dict[str, str]]:
    """
    A project of the test's own: its name, ports and workspace. Nothing of it is left.
    """
    project = f"slipway-test-{uuid.uuid4().hex[:12]}"
    name, _, tag = image.rpartition(":")
    yield {
        "COMPOSE_PROJECT_NAME": project,
        "IMAGE": name,
        "TAG": tag,
        "NETWORK_MTU": str(network.uplink_mtu()),
        "SSH_PORT": str(_free_port()),
        "RCLONE_PORT": str(_free_port()),
        "WORKSPACE_DIR": str(tmp_path),
    }
    of_it = {"label": f"com.docker.compose.project={project}"}
    for container in engine.containers.list(all=True, filters=of_it):
        container.remove(force=True, v=True)
    for left in engine.networks.list(filters=of_it):
        left.remove()


def _container(engine: docker.DockerClient, stack: dict[str, str]) -> Container:
    label = f"com.docker.compose.project={stack['COMPOSE_PROJECT_NAME']}"
    (container,) = engine.containers.list(all=True, filters={"label": label})
    return container


def _wait_healthy(container: Container) -> None:
    deadline = time.monotonic() + HEALTHY
    while container.attrs["State"]["Health"]["Status"] != "healthy":
        assert time.monotonic() < deadline, container.logs().decode()
        time.sleep(0.2)
        container.reload()


def _banner(port: str) -> bytes:
    with socket.create_connection(("127.0.0.1", int(port)), timeout=10) as client:
        return client.recv(4)


@pytest.mark.parametrize(
    ("which", "compose"), [("v1", ["docker-compose"]), ("v2", ["docker", "compose"])]
)
def test_both_composes_bring_it_up_healthy_and_down_again(
    engine: docker.DockerClient,
    stack: dict[str, str],
    which: str,
    compose: list[str],
    request: pytest.FixtureRequest,
    key: tuple[Path, str],
) -> None:
    """
    From the one file: ssh answers on the port asked for, a second `up` changes nothing, `down` ends
    it, and what the file says is what the container has.
    """
    words: Words = request.getfixturevalue(which)
    settings = {**stack, "SSH_PUBKEY": key[1]}
    _run(words(*compose, "up", "--detach", "--no-build"), **settings)
    container = _container(engine, stack)
    _wait_healthy(container)

    assert _banner(stack["SSH_PORT"]) == b"SSH-"
    host = container.attrs["HostConfig"]
    assert host["RestartPolicy"]["Name"] == "unless-stopped"
    assert host["LogConfig"]["Config"]["max-size"] == "10m"
    assert host["ShmSize"] == 4 << 30
    assert [device["PathOnHost"] for device in host["Devices"]] == ["/dev/fuse"]
    assert {ports[0]["HostIp"] for ports in host["PortBindings"].values()} == {"127.0.0.1"}
    mounts = {mount["Destination"]: mount for mount in container.attrs["Mounts"]}
    assert set(mounts) == {"/root/.ssh/authorized_keys_mount", "/etc/rclone", "/workspace"}
    assert not mounts["/root/.ssh/authorized_keys_mount"]["RW"]
    assert mounts["/workspace"]["Propagation"] == "rprivate"

    _run(words(*compose, "up", "--detach", "--no-build"), **settings)
    assert _container(engine, stack).id == container.id

    _run(words(*compose, "down"), **settings)
    label = {"label": f"com.docker.compose.project={stack['COMPOSE_PROJECT_NAME']}"}
    assert engine.containers.list(all=True, filters=label) == []
    assert engine.networks.list(filters=label) == []


def test_without_fuse_it_comes_up_all_the_same(
    engine: docker.DockerClient, stack: dict[str, str], v1: Words, key: tuple[Path, str]
) -> None:
    """
    With what `make up` chooses on a host without /dev/fuse: no device, no SYS_ADMIN.
    """
    settings = {
        **stack,
        "SSH_PUBKEY": key[1],
        "FUSE_DEVICE": "/dev/null",
        "FUSE_CAPABILITY": "CHOWN",
        "APPARMOR_PROFILE": "docker-default",
    }
    _run(v1("docker-compose", "up", "--detach", "--no-build"), **settings)
    container = _container(engine, stack)
    _wait_healthy(container)

    assert container.attrs["HostConfig"]["CapAdd"] == ["CHOWN"]
    assert container.exec_run(["test", "-e", "/dev/fuse"]).exit_code == 1


@pytest.mark.parametrize(
    ("which", "buildkit", "cached"), [("v1", "0", "Using cache"), ("v2", "1", "CACHED")]
)
def test_both_builders_build_the_one_dockerfile(
    engine: docker.DockerClient,
    image: str,
    which: str,
    buildkit: str,
    cached: str,
    request: pytest.FixtureRequest,
) -> None:
    """
    The classic one and BuildKit; built again, every step comes from the cache.
    """
    words: Words = request.getfixturevalue(which)
    name = f"{BUILT}:{which}"
    of_base = f"IMAGE_BASE={Project.at(ROOT, os.environ).base}"
    build = ["docker", "build", "--force-rm", "--build-arg", of_base, "--tag", name, "."]
    environment = {"DOCKER_BUILDKIT": buildkit, "BUILDKIT_PROGRESS": "plain"}
    try:
        _run(words(*build), **environment)
        first = engine.images.get(name)
        again = _run(words(*build), **environment)

        assert first.id == engine.images.get(name).id
        assert cached in again
        config = engine.images.get(image).attrs["Config"]
        assert first.attrs["Config"]["Entrypoint"] == config["Entrypoint"]
        assert first.attrs["Config"]["Healthcheck"] == config["Healthcheck"]
    finally:
        for tag in engine.images.list(BUILT):
            engine.images.remove(tag.id, force=True)
