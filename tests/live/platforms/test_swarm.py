"""
A service of a swarm with one node, whose key is a secret.

The swarm is this test's own, on loopback, and is left again. Containers that run beside it are not
touched by that, and it makes one bridge, which goes with it.
"""

from __future__ import annotations

import contextlib
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import docker
import pytest
from docker.models.containers import Container

from tests.live.conftest import PREFIX, KeyPair, Slipway, wait_until
from tests.live.platforms.conftest import lay_slow

BRIDGE = "docker_gwbridge"  # what a swarm's containers reach the host by


def docker_(*words: str, stdin: str = "") -> str:
    """
    Run the engine's command line, which must succeed.
    """
    done = subprocess.run(
        ["docker", *words], check=False, capture_output=True, text=True, input=stdin, timeout=120
    )
    assert done.returncode == 0, f"{words}: {done.stdout} {done.stderr}"
    return done.stdout.strip()


@pytest.fixture(scope="module")
def swarm(engine: docker.DockerClient) -> Iterator[None]:
    """
    A swarm of this machine alone; one that is here already is somebody's, and stays as it is.
    """
    if engine.info()["Swarm"]["LocalNodeState"] != "inactive":
        pytest.skip("this engine is part of a swarm already")
    networks = {each.name for each in engine.networks.list()}
    try:
        docker_("swarm", "init", "--advertise-addr", "127.0.0.1", "--listen-addr", "127.0.0.1:2377")
    except AssertionError as refused:
        pytest.skip(f"this engine can't be a swarm: {refused}")
    yield
    docker_("swarm", "leave", "--force")
    if BRIDGE not in networks:
        with contextlib.suppress(docker.errors.APIError):
            engine.networks.get(BRIDGE).remove()


@pytest.fixture
def service(swarm: None, image: str, key: KeyPair, tmp_path: Path) -> Iterator[str]:
    """
    A service as docs/clouds.md has it, with a port that the engine chooses.
    """
    name = f"{PREFIX}{uuid.uuid4().hex[:12]}"
    docker_("secret", "create", f"{name}-key", "-", stdin=key.public)
    # fmt: off
    docker_(
        "service", "create", "--detach", "--name", name, "--no-resolve-image",
        "--secret", f"source={name}-key,target=ssh_key",
        "--env", "SSH_PUBKEY_FILE=/run/secrets/ssh_key",
        "--publish", "target=22,mode=host",
        "--mount", f"type=bind,source={tmp_path},target=/workspace",
        "--mount", "type=tmpfs,target=/dev/shm,tmpfs-size=8g",
        "--stop-grace-period", "30s", image,
    )
    # fmt: on
    yield name
    docker_("service", "rm", name)
    docker_("secret", "rm", f"{name}-key")


def tasks(engine: docker.DockerClient, service: str) -> list[Container]:
    """
    Return a service's containers that run.
    """
    label = f"com.docker.swarm.service.name={service}"
    return engine.containers.list(filters={"label": label, "status": "running"})


def test_a_service_has_its_key_from_a_secret(
    engine: docker.DockerClient, service: str, key: KeyPair, tmp_path: Path
) -> None:
    """
    It is healthy for the swarm, too; an update of the service stops its container in order, and the
    next one has the workspace.
    """
    wait_until(lambda: tasks(engine, service), "a container of the service")
    (first,) = tasks(engine, service)
    slipway = Slipway(first)
    slipway.wait_ssh(key)
    slipway.wait_healthy()
    settings = slipway.check_output("slipway", "settings")
    lay_slow(slipway)
    docker_("service", "update", "--detach", "--force", service)
    wait_until(lambda: tasks(engine, service) not in ([first], []), "the next container")
    first.reload()
    (second,) = tasks(engine, service)
    slipway = Slipway(second)
    slipway.wait_ssh(key)

    assert "SSH_PUBKEY_FILE" in settings
    assert first.attrs["State"]["ExitCode"] == 0
    assert (tmp_path / "told").read_text() == "told\n"
    assert slipway.ssh(key, "cat /workspace/told").stdout == "told\n"
    assert "64 MB" not in slipway.check_output("slipway", "doctor")
    slipway.wait_healthy()
