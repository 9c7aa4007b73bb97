"""
The compose file by both Composes, the Dockerfile by both builders.

docker-compose 1.29 and the classic builder are Debian 12's. Compose v2 and buildx are Debian 13's,
in a container of their own that has the engine's socket and this clone at its own path.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import socket
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import docker
import pytest
from docker.models.containers import Container

from engine import base, network, provenance
from engine.project import Project
from engine.steps import Steps

ROOT = Path(__file__).parents[2]
FILE, REMOTES = "docker-compose.yaml", "docker-compose.remotes.yaml"
V2_IMAGE = "slipway-test-compose-v2"
BUILT = "slipway-test-built"
WITH_AUTHORITIES = "slipway-test-with-authorities"
EXTRA_CA = "/usr/local/share/ca-certificates/slipway-test.crt"
SOCKET = "/var/run/docker.sock"
HEALTHY = 60  # seconds

Run = Callable[..., str]

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
def v1() -> Run:
    """
    Debian 12's docker-compose, and the builder of the client here.
    """
    if shutil.which("docker-compose") is None:
        pytest.skip("docker-compose 1.29 is a package of Debian 12 and Ubuntu 22.04")

    def run(*words: str, **environment: str) -> str:
        command, *rest = words
        program = ["docker-compose"] if command == "compose" else ["docker", command]
        return _run([*program, *rest], DOCKER_BUILDKIT="0", **environment)

    return run


@pytest.fixture(scope="module")
def v2(engine: docker.DockerClient, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """
    Debian 13's Compose plugin, and its BuildKit client.
    """
    files = tmp_path_factory.getbasetemp()
    with Steps(1, io.StringIO()).step("image") as step:
        base.make(
            Project.at(tmp_path_factory.mktemp("v2"), os.environ),
            step,
            suite="trixie",
            name=V2_IMAGE,
            include="docker-compose,docker-cli,docker-buildx",
        )

    def run(*words: str, **environment: str) -> str:
        # fmt: off
        command = [
            "docker", "run", "--rm", "--name", f"slipway-test-{uuid.uuid4().hex[:12]}",
            "--network", "none", "--volume", f"{SOCKET}:{SOCKET}",
            *(word for path in (ROOT, files) for word in ("--volume", f"{path}:{path}")),
            "--workdir", str(ROOT), "--env", "BUILDKIT_PROGRESS=plain",
            *(word for name in environment for word in ("--env", name)),
            V2_IMAGE, "docker", *words,
        ]
        # fmt: on
        return _run(command, **environment)

    yield run
    engine.images.remove(V2_IMAGE, force=True)


@pytest.fixture(params=["v1", "v2"])
def client(request: pytest.FixtureRequest) -> Run:
    """
    Either generation of Docker's client.
    """
    run: Run = request.getfixturevalue(request.param)
    return run


@pytest.fixture
def base_with_authorities(engine: docker.DockerClient, image: str, tmp_path: Path) -> Iterator[str]:
    """
    A base that has ca-certificates already, and an apt that connects only where the CA is trusted.
    """
    folder = tmp_path / "base"
    folder.mkdir()
    (folder / "apt-get").write_text(f"#!/bin/sh\nexec openssl verify {EXTRA_CA}\n")
    (folder / "apt-get").chmod(0o755)
    (folder / "Dockerfile").write_text(f"FROM {image}\nCOPY apt-get /usr/local/bin/\n")
    engine.images.build(path=str(folder), tag=WITH_AUTHORITIES, rm=True, forcerm=True)
    yield WITH_AUTHORITIES
    engine.images.remove(WITH_AUTHORITIES, force=True)


def _up_to_packages(dockerfile: str) -> str:
    """
    Return the Dockerfile's first stage: the packages that the others stand on.
    """
    return dockerfile[: dockerfile.index("# --- The venv")]


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
    of_it = _filters(project)
    for container in engine.containers.list(all=True, filters=of_it):
        container.remove(force=True, v=True)
    for left in engine.networks.list(filters=of_it):
        left.remove()


def _filters(project: str) -> dict[str, Any]:
    return {"label": f"com.docker.compose.project={project}"}


def _container(engine: docker.DockerClient, stack: dict[str, str]) -> Container:
    of_it = _filters(stack["COMPOSE_PROJECT_NAME"])
    (container,) = engine.containers.list(all=True, filters=of_it)
    return container


def _capabilities(host: dict[str, Any]) -> set[str]:
    return {name.removeprefix("CAP_") for name in host["CapAdd"]}


def _option(given: str) -> str:
    """
    Return a security option as both Composes mean it.
    """
    return given.replace(":", "=", 1).removesuffix("=true")


def _wait_healthy(container: Container) -> None:
    deadline = time.monotonic() + HEALTHY
    while container.attrs["State"]["Health"]["Status"] != "healthy":
        assert time.monotonic() < deadline, container.logs().decode()
        time.sleep(0.2)
        container.reload()


def _banner(port: str) -> bytes:
    with socket.create_connection(("127.0.0.1", int(port)), timeout=10) as client:
        return client.recv(4)


def test_either_compose_brings_it_up_healthy_and_down_again(
    engine: docker.DockerClient, stack: dict[str, str], client: Run, key: tuple[Path, str]
) -> None:
    """
    From the one file: ssh answers on the port asked for, a second `up` changes nothing, `down` ends
    it, and what the file says is what the container has.
    """
    settings = {**stack, "SSH_PUBKEY": key[1]}
    client("compose", "up", "--detach", "--no-build", **settings)
    container = _container(engine, stack)
    _wait_healthy(container)

    assert _banner(stack["SSH_PORT"]) == b"SSH-"
    host = container.attrs["HostConfig"]
    assert host["RestartPolicy"]["Name"] == "unless-stopped"
    assert host["LogConfig"]["Config"]["max-size"] == "10m"
    assert host["ShmSize"] == 4 << 30
    assert not host["Devices"]
    assert "SYS_ADMIN" not in _capabilities(host)
    assert [*map(_option, host["SecurityOpt"])] == ["no-new-privileges"]
    assert host["PidsLimit"] == 16384
    assert {ports[0]["HostIp"] for ports in host["PortBindings"].values()} == {"127.0.0.1"}
    mounts = {mount["Destination"]: mount for mount in container.attrs["Mounts"]}
    assert set(mounts) == {"/root/.ssh/authorized_keys_mount", "/etc/rclone", "/workspace"}
    assert not mounts["/root/.ssh/authorized_keys_mount"]["RW"]
    assert mounts["/workspace"]["Propagation"] == "rprivate"

    client("compose", "up", "--detach", "--no-build", **settings)
    assert _container(engine, stack).id == container.id

    client("compose", "down", **settings)
    of_it = _filters(stack["COMPOSE_PROJECT_NAME"])
    assert engine.containers.list(all=True, filters=of_it) == []
    assert engine.networks.list(filters=of_it) == []


def test_with_remotes_it_has_what_mounting_takes(
    engine: docker.DockerClient, stack: dict[str, str], client: Run, key: tuple[Path, str]
) -> None:
    """
    The second file adds to the lists of the first one, and takes nothing from them.
    """
    files = [f"--file={ROOT}/{name}" for name in (FILE, REMOTES)]
    client("compose", *files, "up", "--detach", "--no-build", **stack, SSH_PUBKEY=key[1])
    container = _container(engine, stack)
    _wait_healthy(container)

    host = container.attrs["HostConfig"]
    assert host["CapDrop"] == ["ALL"]
    assert {"SYS_ADMIN", "SETUID", "CHOWN"} <= _capabilities(host)
    assert [device["PathOnHost"] for device in host["Devices"]] == ["/dev/fuse"]
    assert {*map(_option, host["SecurityOpt"])} == {"no-new-privileges", "apparmor=unconfined"}


def test_either_builder_builds_the_one_dockerfile(
    engine: docker.DockerClient, image: str, client: Run, context: Path
) -> None:
    """
    The classic one and BuildKit; built again, every step comes from the cache.
    """
    made_of = provenance.options(Project.at(ROOT, os.environ))
    build = ["build", "--force-rm", *made_of, "--tag", BUILT, str(context)]
    try:
        client(*build)
        first = engine.images.get(BUILT)
        client(*build)

        assert first.id == engine.images.get(BUILT).id
        config = engine.images.get(image).attrs["Config"]
        assert first.attrs["Config"]["Entrypoint"] == config["Entrypoint"]
        assert first.attrs["Config"]["Healthcheck"] == config["Healthcheck"]
    finally:
        with contextlib.suppress(docker.errors.ImageNotFound):
            engine.images.remove(BUILT)  # by its name: the image itself may be the one under test


def test_an_extra_authority_is_trusted_on_a_base_that_has_others(
    engine: docker.DockerClient, base_with_authorities: str, client: Run, context: Path
) -> None:
    """
    Before apt's first connection: installing the package would do nothing there.
    """
    made: bytes = engine.containers.run(
        base_with_authorities,
        "req -x509 -newkey rsa:2048 -nodes -keyout /dev/null -subj /CN=slipway-test",
        entrypoint="openssl",
        remove=True,
        name=f"slipway-test-{uuid.uuid4().hex[:12]}",
    )
    (context / "config" / "ca-certificates" / Path(EXTRA_CA).name).write_bytes(made)
    text = (context / "Dockerfile").read_text()
    (context / "Dockerfile").write_text(_up_to_packages(text))
    of_base = f"IMAGE_BASE={base_with_authorities}"
    build = ["build", "--force-rm", "--build-arg", of_base, "--tag", BUILT, str(context)]
    try:
        client(*build)
        verified = engine.containers.run(
            BUILT,
            f"verify {EXTRA_CA}",
            entrypoint="openssl",
            remove=True,
            name=f"slipway-test-{uuid.uuid4().hex[:12]}",
        )
        assert verified == f"{EXTRA_CA}: OK\n".encode()
    finally:
        with contextlib.suppress(docker.errors.ImageNotFound):
            engine.images.remove(BUILT)
